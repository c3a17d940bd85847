import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { explain } from "../errors.ts";

/** Where the programs are, and the environment they need. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Makes the programs of an npm package ready to run. The package leaves its library symlinks to an install script,
 * which never runs here; so they are made now: beside the libraries, or, where node_modules is read-only, in
 * `linkDir`, which then holds a link to every library and goes into LD_LIBRARY_PATH.
 */
export function findBinaries(native: string, linkDir: string): Binaries {
  const missing = links(native).filter((link) => !existsSync(join(native, "..", link.target)));
  const complete = missing.every((link) => tryLink(basename(link.source), join(native, "..", link.target)));
  const env = complete ? baseEnv() : { ...baseEnv(), LD_LIBRARY_PATH: linkFolder(native, linkDir) };
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres"), env };
}

function links(native: string): readonly Link[] {
  const list: unknown = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"));
  if (!Array.isArray(list)) return [];
  return list.filter(isLink);
}

function isLink(entry: unknown): entry is Link {
  if (typeof entry !== "object" || entry === null || !("source" in entry) || !("target" in entry)) return false;
  return typeof entry.source === "string" && typeof entry.target === "string";
}

/** Two starters may race for the same link: "exists" is success. */
function tryLink(target: string, path: string): boolean {
  try {
    symlinkSync(target, path);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EEXIST";
  }
}

/** Links to every library, under every name it is asked for. Returns the folder. */
export function linkFolder(native: string, linkDir: string): string {
  try {
    mkdirSync(linkDir, { recursive: true });
  } catch (cause) {
    throw explain(cause, "cannot create the folder for library links");
  }
  const lib = join(native, "lib");
  for (const name of readdirSync(lib)) if (name.includes(".so")) tryLink(join(lib, name), join(linkDir, name));
  for (const link of links(native)) tryLink(join(native, "..", link.source), join(linkDir, basename(link.target)));
  return linkDir;
}

/** No PG* variable of the caller and no foreign locale gets in: without this, `initdb` depends on LANG. */
function baseEnv(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TZ: "UTC" };
}
