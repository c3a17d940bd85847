import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fromHex } from "@anamnesis/core";
import type { Receipt } from "@anamnesis/ledger";
import { describe, expect, it } from "vitest";
import { chance, seedOf, TestLedger, temporaryFolder } from "./support.ts";

const KILLS = 20;
const CHILD = fileURLToPath(new URL("./kill-child.ts", import.meta.url));

describe("kill -9 at random points, with batches in flight", () => {
  it("loses nothing acknowledged, keeps no half block, and frees the lock", { timeout: 120_000 }, async () => {
    const random = chance(seedOf("kill -9"));
    const { dir, remove } = temporaryFolder();
    const ledger = new TestLedger();
    await ledger.create(dir);
    const acknowledged: Receipt[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const receipts = await killedAfter(dir, random(60));
      acknowledged.push(...receipts);
      const { problems, size } = await ledger.verify(dir);
      expect([kill, problems]).toEqual([kill, []]);
      expect(receipts.every(({ index, count }) => index + count < size)).toBe(true);
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    const engine = await ledger.open(dir);
    for (const receipt of acknowledged) expect(await engine.receipt(receipt.id)).toEqual(receipt);
    await engine.close();
    remove();
  });
});

/** What the child said before it died; a line cut off in the middle was not said. */
function killedAfter(dir: string, ms: number): Promise<Receipt[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, dir], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const first = text === "";
      text += chunk.toString();
      if (first) setTimeout(() => child.kill("SIGKILL"), ms);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal !== "SIGKILL") return reject(new Error(`the child ended by itself with ${code}`));
      resolve(text.split("\n").slice(1, -1).map(receiptOfLine));
    });
  });
}

function receiptOfLine(line: string): Receipt {
  const [id, index, count, sequence, time] = JSON.parse(line) as [string, number, number, number, number];
  return { id: fromHex(id), index, count, sequence, time };
}
