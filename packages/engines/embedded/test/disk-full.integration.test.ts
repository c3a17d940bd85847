import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import type { Engine } from "@anamnesis/ledger";
import { skipLoudly } from "@anamnesis/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestLedger, temporaryFolder } from "./support.ts";

/** Fills the ledger until a batch is refused for want of space; what was acknowledged on the way must stay. */
async function fill(ledger: TestLedger, engine: Engine): Promise<number> {
  for (let accepted = 0; accepted < 200; accepted++) {
    const big = ledger.fixture.command("test.emit", "big", { events: 2000 });
    const code = await engine.submit(big).then(() => undefined, codeOf);
    if (code === undefined) continue;
    expect(code).toBe("ledger/disk-full");
    return accepted;
  }
  throw new Error("the disk was never full");
}

describe("a full disk", () => {
  const folder = temporaryFolder();
  const dir = join(folder.dir, "ledger");
  let ledger: TestLedger;
  beforeEach(() => {
    ledger = new TestLedger();
  });
  afterEach(() => folder.remove());

  it("refuses the block whole and goes on with one that fits", async () => {
    await ledger.create(dir);
    const engine = await ledger.open(dir, { storePages: 200 });
    expect(await fill(ledger, engine)).toBeGreaterThan(0);
    const { size } = await engine.checkpoint();
    expect(await engine.health()).toMatchObject({ status: "read-only", problem: { code: "ledger/disk-full" }, size });
    const waiting = [1, 2].map(() => ledger.fixture.command("test.emit", "x", { events: 2000 }));
    const codes = await Promise.all(waiting.map((tx) => engine.submit(tx).then(() => "final", codeOf)));
    expect(codes).toEqual(["ledger/disk-full", "ledger/disk-full"]);
    const receipt = await engine.submit(ledger.fixture.command("test.put", "small"));
    expect(receipt.index).toBe(size);
    expect((await engine.health()).status).toBe("ok");
    await engine.close();
    expect((await ledger.verify(dir)).problems).toEqual([]);
  });
});

const mounted = temporaryFolder();
const mountable = tryMount(mounted.dir);
const name = "a full file system";
const noMount = !mountable && skipLoudly({ name, needs: "tmpfs", reason: "this user cannot mount a tmpfs" });

describe.skipIf(noMount)(name, () => {
  afterEach(() => {
    execFileSync("umount", [mounted.dir]);
    mounted.remove();
  });

  it("is told by name, and the same engine resumes when there is space again", async () => {
    const ledger = new TestLedger();
    const dir = join(mounted.dir, "ledger");
    mkdirSync(dir);
    const ballast = join(mounted.dir, "ballast");
    writeFileSync(ballast, new Uint8Array(1024 * 1024));
    await ledger.create(dir);
    const engine = await ledger.open(dir);
    await fill(ledger, engine);
    const { size } = await engine.checkpoint();
    rmSync(ballast);
    const receipt = await engine.submit(ledger.fixture.command("test.emit", "again", { events: 100 }));
    expect(receipt.index).toBe(size);
    expect((await engine.health()).status).toBe("ok");
    await engine.close();
    expect((await ledger.verify(dir)).problems).toEqual([]);
  });
});

function tryMount(dir: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", dir], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
