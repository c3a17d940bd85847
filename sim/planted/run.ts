/** `npm run sim -- --planted`: each planted bug in a process of its own, until a seed finds it. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writePatch } from "../../tools/mutants/patch-file.ts";
import type { Planted } from "./bug.ts";
import { PLANTED } from "./table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LIMIT_MS = 300_000;

export interface Found {
  readonly name: string;
  /** What the simulation printed about it; undefined when it found nothing. */
  readonly how: string | undefined;
}

/** @param seeds how many worlds a bug may live through */
export async function findPlanted(
  seeds: number,
  say: (line: string) => void,
  only?: string,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const bug of PLANTED.filter(({ name }) => only === undefined || name.includes(only))) {
    const how = await find(bug, seeds);
    say(
      `${how === undefined ? "NOT FOUND" : "found    "}  ${bug.name}${how === undefined ? "" : `\n             ${how}`}`,
    );
    found.push({ name: bug.name, how });
  }
  return found;
}

/** The source with the bug in it. @throws RangeError when the place is not there any more */
export function planted({ file, from, to }: Planted): string {
  const text = readFileSync(join(ROOT, file), "utf8");
  if (text.split(from).length !== 2) throw new RangeError(`${file} does not hold exactly once: ${from}`);
  return text.replace(from, () => to);
}

async function find(bug: Planted, seeds: number): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "anamnesis-planted-"));
  try {
    const path = join(ROOT, bug.file);
    const env = writePatch(join(folder, "patch.json"), [{ path, text: planted(bug) }]);
    const { code, output } = await run(env, seeds);
    return code === 0
      ? undefined
      : (/^seed .*/m.exec(output)?.[0] ?? output.trim().split("\n").at(-1) ?? "it does not run");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(env: Readonly<Record<string, string>>, seeds: number): Promise<{ code: number | null; output: string }> {
  const args = ["--import", "./tools/mutants/patch.ts", "sim/run.ts", "--quick", "--seeds", String(seeds)];
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, env: { ...process.env, ...env }, timeout: LIMIT_MS };
    const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
