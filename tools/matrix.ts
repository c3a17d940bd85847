// Runs what depends on the version of PostgreSQL on each of them. One calm line per version; details of failures.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cacheFolder,
  isInstalled,
  type PostgresVersion,
  packageName,
  postgresVersions,
} from "../packages/sandbox/src/index.ts";
import { readOptions } from "./lib/options.ts";
import { printResult, runSteps, type Step } from "./lib/steps.ts";

const USAGE = `npm run matrix -- [VERSION …] [--install-only] [-- FILE …]
    installs those versions of PostgreSQL (${postgresVersions.join(", ")}; all without any) into a cache beside the tree, and runs the
    integration tests that use PostgreSQL on each, one after the other; --install-only: no tests; FILE: these tests alone`;

const MINUTE_MS = 60_000;
/** What depends on the version of the database: capture, verify, the demonstration and the server itself. */
const SUITES = ["test/capture/", "packages/sandbox/test/", "packages/cli/test/demo"];

const asked = process.argv.slice(2);
const end = asked.indexOf("--");
const [own, files] = end < 0 ? [asked, []] : [asked.slice(0, end), asked.slice(end + 1)];
const { values, positionals } = readOptions(USAGE, {
  args: own,
  allowPositionals: true,
  options: { "install-only": { type: "boolean", default: false } },
});
const versions = positionals.map(versionOf);
for (const version of versions.length === 0 ? postgresVersions : versions) {
  if (!isInstalled(version)) install(version);
  process.stdout.write(`PostgreSQL ${version} is installed\n`);
  if (values["install-only"]) continue;
  const [result] = await runSteps([suite(version)], 1, printResult);
  if (result?.ok !== true) process.exitCode = 1;
}

function versionOf(word: string): PostgresVersion {
  const version = postgresVersions.find((each) => String(each) === word);
  if (version !== undefined) return version;
  process.stderr.write(
    `${word} is no version of PostgreSQL that capture knows: give some of ${postgresVersions.join(", ")}\n`,
  );
  process.exit(2);
}

function suite(version: PostgresVersion): Step {
  const which = files.length === 0 ? SUITES : files;
  return {
    name: `PostgreSQL ${version}`,
    script: "node_modules/vitest/vitest.mjs",
    args: ["run", "--project=integration", "--configLoader=runner", "--silent=passed-only", ...which],
    env: { ANAMNESIS_POSTGRES: String(version), NO_COLOR: "1" },
    timeoutMs: 30 * MINUTE_MS,
  };
}

/** The newest package of a major version; without its install script, which the sandbox does not need. */
function install(version: PostgresVersion): void {
  const folder = cacheFolder(version);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, name: `postgres-${version}` }));
  const npm = (...args: readonly string[]): string =>
    execFileSync("npm", args, {
      cwd: folder,
      encoding: "utf8",
      timeout: 5 * MINUTE_MS,
      stdio: ["ignore", "pipe", "inherit"],
    });
  const all: unknown = JSON.parse(npm("view", packageName(), "versions", "--json"));
  const newest = Array.isArray(all)
    ? all
        .map(String)
        .filter((each) => each.startsWith(`${version}.`))
        .at(-1)
    : undefined;
  if (newest === undefined) throw new Error(`the registry has no ${packageName()} for PostgreSQL ${version}`);
  npm("install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", `${packageName()}@${newest}`);
}
