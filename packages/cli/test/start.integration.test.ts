/** The living sandbox: soon verified, stopped by Ctrl-C, gone after kill -9, back with its state. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { anamnesis, launch, processesOf, says, untilNoProcess } from "./process.ts";

const root = mkdtempSync(join(tmpdir(), "anamnesis-start-"));
const dir = join(root, "sandbox");
const start = ["start", "--dir", dir, "--port", "0", "--patients", "100"];

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Reads that were found in the server's log so far, one mark included. */
function readsFound(): number {
  const db = new DatabaseSync(join(dir, "sources/ehr/reads.db"), { readOnly: true });
  try {
    return Number(db.prepare("SELECT seq FROM sqlite_sequence").get()?.["seq"]);
  } finally {
    db.close();
  }
}

describe("start", () => {
  it("reaches the first verification, and Ctrl-C stops everything within 5 s", async () => {
    const child = launch(start);
    const said = await says(child, "verified");
    expect(said).toContain("npx anamnesis sandbox sql");
    const stopped = Date.now();
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(5_000);
    expect(await untilNoProcess(dir, 500)).toEqual([]);
  });

  it("leaves no process after kill -9, and starts again with its state", async () => {
    const child = launch(start);
    await says(child, "verified");
    expect(processesOf(dir).length).toBeGreaterThan(1);
    child.kill("SIGKILL");
    expect(await untilNoProcess(dir, 10_000)).toEqual([]);
    const again = launch(start);
    const said = await says(again, "verified");
    expect(said).toMatch(/verified \d{4,} rows/);
    expect(readsFound()).toBeGreaterThan(1);

    const tampering = /sandbox sql .*"(BEGIN; .*COMMIT)"/.exec(said)?.[1] ?? "";
    expect((await anamnesis(["sandbox", "sql", "--dir", dir, tampering])).code).toBe(0);
    const verified = await anamnesis(["verify", "ehr", "--dir", dir, "--json"]);
    expect(verified.code).toBe(1);
    expect(JSON.parse(verified.out)).toMatchObject({
      altered: [{ table: "public.medications" }],
      missing: [],
      unexplained: [],
    });
    const locked = await anamnesis(["node", "--dir", dir, "--json"]);
    expect([locked.code, JSON.parse(locked.out)]).toEqual([
      2,
      { error: expect.objectContaining({ code: "ledger/locked" }) as unknown },
    ]);
    const ended = new Promise((resolve) => again.once("exit", resolve));
    again.kill("SIGTERM");
    await ended;
    expect(await untilNoProcess(dir, 500)).toEqual([]);
  });

  it("names a busy port and a folder that is no sandbox", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const busy = await anamnesis(["start", "--dir", dir, "--port", String(port)], { ANAMNESIS_DEBUG: "1" });
    expect([busy.code, busy.err]).toEqual([2, expect.stringContaining("[gateway/port-busy]")]);
    server.close();
    expect(await untilNoProcess(dir, 500)).toEqual([]);
    const foreign = await anamnesis(["start", "--dir", root]);
    expect([foreign.code, foreign.err]).toEqual([2, expect.stringContaining("[cli/sandbox-folder]")]);
  });
});
