import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../../tools/lib/steps.ts";

const folder = mkdtempSync(join(tmpdir(), "anamnesis-door-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loaded before the door, it makes this Node look like an old one. */
const oldNode = [
  "--import",
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})',
];

function throughDoor(
  flags: readonly string[],
  source: string,
): { status: number | null; stdout: string; stderr: string } {
  const script = join(folder, "script.mts");
  writeFileSync(script, source);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, join(root, "tools/door.js"), script, "--flag", "two words"],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

const source = `const args: readonly string[] = process.argv.slice(2);
console.log(JSON.stringify({ args, node: process.versions.node, waits: process.connected ?? false }));
process.exitCode = 7;`;

describe("door", () => {
  it("runs the script in place on a Node that is new enough", () => {
    const { status, stdout } = throughDoor([], source);
    expect(JSON.parse(stdout)).toEqual({ args: ["--flag", "two words"], node: process.versions.node, waits: false });
    expect(status).toBe(7);
  });

  it("hands over to the pinned Node on an old one: same arguments, same exit code, and a channel to notice its end", () => {
    const { status, stdout, stderr } = throughDoor(oldNode, source);
    expect(stderr).toBe("");
    const said = JSON.parse(stdout) as { node: string; args: readonly string[]; waits: boolean };
    expect(said.node).toMatch(/^24\./);
    expect(said).toMatchObject({ args: ["--flag", "two words"], waits: true });
    expect(status).toBe(7);
  });

  it("says what to do when the pinned Node is not there", () => {
    const elsewhere = ["--import", 'data:text/javascript,Object.defineProperty(process,"platform",{value:"plan9"})'];
    const { status, stderr } = throughDoor([...oldNode, ...elsewhere], source);
    expect(status).toBe(2);
    expect(stderr).toContain("Remedy: run `npm ci`");
  });
});
