/** A package declares what it imports: externals with exact versions, workspace packages as "*". */
import { builtinModules } from "node:module";
import { SCOPE } from "../law.ts";
import { bareName, lockEntries, type Manifest, manifestAt, packageManifests } from "../manifest.ts";
import { importsOf } from "../scan.ts";
import { type Finding, isCode, isTest, packageOf, scanOf, type Tree } from "../tree.ts";

const rule = "declared";
/** Another package under a name of our own, so that two versions can stand beside each other. */
const ALIAS = /^npm:@?[^@]+@/;
const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

export function declared(tree: Tree): readonly Finding[] {
  const root = manifestAt(tree, "package.json");
  const manifests = packageManifests(tree);
  const findings: Finding[] = [];
  for (const file of tree.keys()) {
    const own = manifests.get(packageOf(file) ?? "");
    if (own === undefined || !isCode(file)) continue;
    for (const { specifier, line, typeOnly } of importsOf(scanOf(tree, file))) {
      const problem = undeclared(specifier, typeOnly, isTest(file), own, root);
      if (problem !== undefined) findings.push({ rule, file, line, text: problem });
    }
  }
  const all = root === undefined ? [...manifests.values()] : [root, ...manifests.values()];
  return [...findings, ...all.flatMap((manifest) => versions(manifest, tree))];
}

function undeclared(
  specifier: string,
  typeOnly: boolean,
  inTest: boolean,
  own: Manifest,
  root: Manifest | undefined,
): string | undefined {
  if (/^(?:\.|node:|#|\/|file:|data:)/.test(specifier)) return undefined;
  if (builtinModules.includes(specifier)) return `write node:${specifier}, not ${specifier}`;
  const name = bareName(specifier);
  if (name === own.name) return undefined;
  const development = { ...own.devDependencies, ...(inTest || typeOnly ? root?.devDependencies : {}) };
  const shipped = { ...own.dependencies, ...own.optionalDependencies };
  if (name in shipped || ((inTest || typeOnly) && name in development)) return undefined;
  return `imports ${name}, which ${own.file} does not declare${name in development ? " as a dependency" : ""}`;
}

function versions(manifest: Manifest, tree: Tree): readonly Finding[] {
  const lock = lockEntries(tree);
  const folder = manifest.file.replace(/\/?package\.json$/, "");
  const findings: Finding[] = [];
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  for (const [name, spec] of Object.entries(wanted)) {
    const version = spec.replace(ALIAS, "");
    if (name.startsWith(SCOPE)) {
      if (version !== "*") findings.push({ rule, file: manifest.file, text: `${name} must be "*": it is our own` });
      continue;
    }
    if (!EXACT.test(version)) {
      findings.push({ rule, file: manifest.file, text: `${name} must name one exact version, not "${version}"` });
    }
    const entry = lock.get(`${folder}/node_modules/${name}`) ?? lock.get(`node_modules/${name}`);
    if (entry?.version !== version) {
      findings.push({ rule, file: manifest.file, text: `${name} ${version} is not what package-lock.json holds` });
    }
  }
  return findings;
}
