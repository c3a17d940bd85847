/** package.json and package-lock.json, read with suspicion. */
import type { Tree } from "./tree.ts";

export interface Manifest {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

export interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function manifestAt(tree: Tree, file: string): Manifest | undefined {
  const text = tree.get(file);
  if (text === undefined) return undefined;
  const json = JSON.parse(text) as Partial<Manifest>;
  return {
    file,
    name: json.name ?? "",
    version: json.version ?? "",
    dependencies: json.dependencies ?? {},
    devDependencies: json.devDependencies ?? {},
    optionalDependencies: json.optionalDependencies ?? {},
    scripts: json.scripts ?? {},
  };
}

/** The manifests of the workspace, by folder under `packages/`. */
export function packageManifests(tree: Tree): ReadonlyMap<string, Manifest> {
  const found = new Map<string, Manifest>();
  for (const file of tree.keys()) {
    const match = /^packages\/((?:engines\/)?[^/]+)\/package\.json$/.exec(file);
    const manifest = match === null ? undefined : manifestAt(tree, file);
    if (match?.[1] !== undefined && manifest !== undefined) found.set(match[1], manifest);
  }
  return found;
}

export function lockEntries(tree: Tree): ReadonlyMap<string, LockEntry> {
  const text = tree.get("package-lock.json");
  if (text === undefined) return new Map();
  const json = JSON.parse(text) as { readonly packages?: Readonly<Record<string, LockEntry>> };
  return new Map(Object.entries(json.packages ?? {}));
}

/** `@scope/name/deep/path` → `@scope/name`. */
export function bareName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
