/** `tidy --fix`: writes missing declarations into the package.json files. Adds only; knip names what is not used. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mayImport, SCOPE } from "./law.ts";
import { bareName, lockEntries, type Manifest, manifestAt, packageManifests } from "./manifest.ts";
import { importsOf } from "./scan.ts";
import { isCode, isTest, packageOf, scanOf, type Tree } from "./tree.ts";

type Field = "dependencies" | "devDependencies";

/** Returns one line per declaration written. Run `npm install --package-lock-only` afterwards. */
export function declareMissing(root: string, tree: Tree): readonly string[] {
  const lock = lockEntries(tree);
  const shared = manifestAt(tree, "package.json")?.devDependencies ?? {};
  const notes: string[] = [];
  for (const [folder, manifest] of packageManifests(tree)) {
    for (const [name, field] of missing(tree, folder, manifest, shared)) {
      const version = name.startsWith(SCOPE) ? "*" : lock.get(`node_modules/${name}`)?.version;
      if (version === undefined) {
        notes.push(`${manifest.file}: ${name} is not installed at all; choose a version and write an ADR`);
        continue;
      }
      write(join(root, manifest.file), field, name, version);
      notes.push(`${manifest.file}: ${field} ${name} ${version}`);
    }
  }
  return notes;
}

function missing(
  tree: Tree,
  folder: string,
  manifest: Manifest,
  shared: Readonly<Record<string, string>>,
): ReadonlyMap<string, Field> {
  const wanted = new Map<string, Field>();
  const folderOf = new Map([...packageManifests(tree)].map(([at, { name }]) => [name, at]));
  for (const file of tree.keys()) {
    if (packageOf(file) !== folder || !isCode(file)) continue;
    for (const { specifier, typeOnly } of importsOf(scanOf(tree, file))) {
      const name = bareName(specifier);
      if (/^(?:\.|node:|#|\/|\w+:)/.test(specifier) || name === manifest.name) continue;
      const target = folderOf.get(name);
      if (target !== undefined && !mayImport(folder, target, isTest(file))) continue; // never declare what is forbidden
      const light = isTest(file) || (typeOnly && !name.startsWith(SCOPE));
      if (name in manifest.dependencies || name in manifest.optionalDependencies) continue;
      if (light && (name in manifest.devDependencies || name in shared)) continue;
      if (!light || !wanted.has(name)) wanted.set(name, light ? "devDependencies" : "dependencies");
    }
  }
  return wanted;
}

function write(file: string, field: Field, name: string, version: string): void {
  const json = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const before = (json[field] ?? {}) as Record<string, string>;
  const entries = Object.entries({ ...before, [name]: version }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  json[field] = Object.fromEntries(entries);
  if (field === "dependencies" && json["devDependencies"] !== undefined) {
    const { [name]: _moved, ...rest } = json["devDependencies"] as Record<string, string>;
    json["devDependencies"] = rest;
  }
  writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
}
