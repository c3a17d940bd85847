/** The files under the law, as a map, so that every rule can be tested on a handful of invented files. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Scan, scan } from "./scan.ts";

/** Path (from the root, with `/`) to text. */
export type Tree = ReadonlyMap<string, string>;

export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line?: number;
  readonly text: string;
}

export type Rule = (tree: Tree) => readonly Finding[];

const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Reads every text file of the working tree, committed or not, except what .gitignore's plain names exclude. */
export function readTree(root: string): Tree {
  const tree = new Map<string, string>();
  const ignored = plainIgnores(root);
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name === ".git" || entry.name === "node_modules" || ignored(path, entry.name)) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && statSync(join(root, path)).size <= FILE_BYTES_MAX) {
        const text = readFileSync(join(root, path), "utf8");
        if (!text.includes("\0")) tree.set(path, text);
      }
    }
  };
  walk("");
  return tree;
}

/** Understands the three shapes our .gitignore uses: `name/`, `/folder/`, `*.ext`. */
function plainIgnores(root: string): (path: string, name: string) => boolean {
  const lines = readFileSync(join(root, ".gitignore"), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return (path, name) =>
    lines.some((line) => {
      if (line.startsWith("*")) return name.endsWith(line.slice(1));
      const plain = line.replace(/\/$/, "");
      return plain.startsWith("/") ? path === plain.slice(1) : name === plain;
    });
}

const scans = new WeakMap<Tree, Map<string, Scan>>();

/** The scan of a file, made once per tree. */
export function scanOf(tree: Tree, file: string): Scan {
  const known = scans.get(tree) ?? new Map<string, Scan>();
  scans.set(tree, known);
  const found = known.get(file) ?? scan(tree.get(file) ?? "");
  known.set(file, found);
  return found;
}

export function isCode(file: string): boolean {
  return /\.(?:ts|mts|js|mjs)$/.test(file);
}

/** Tests, and the suites that packages export for the tests of others. */
export function isTest(file: string): boolean {
  return /(?:^|\/)(?:test|conformance)\//.test(file) || file.endsWith(".test.ts");
}

/** `packages/engines/embedded/src/x.ts` → `engines/embedded`; undefined outside packages. */
export function packageOf(file: string): string | undefined {
  const match = /^packages\/((?:engines\/)?[^/]+)\//.exec(file);
  return match?.[1];
}
