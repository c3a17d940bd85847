/** What members do for each other with copies: an orderer that lost its disk, entries that were dropped, a follower left behind. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anamnesis } from "../../packages/cli/test/process.ts";
import { Consortium, type Organisation } from "./harness.ts";

const EVENTS = 120;

async function ok(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await anamnesis([...args, "--json"]);
  expect([args.join(" "), code, err]).toEqual([args.join(" "), 0, expect.any(String)]);
  return JSON.parse(out) as Record<string, unknown>;
}

async function refusal(...args: string[]): Promise<string> {
  const { code, out } = await anamnesis([...args, "--json"]);
  expect(code).toBe(2);
  return (JSON.parse(out) as { error: { code: string } }).error.code;
}

const lose = ({ dir }: Organisation, ...names: readonly string[]): void => {
  for (const name of names) rmSync(join(dir, name), { recursive: true, force: true });
};

describe("three organisations and their copies", { timeout: 300_000 }, () => {
  let three: Consortium;
  beforeEach(async () => {
    three = await Consortium.found(3);
  });
  afterEach(() => three.dispose());

  const grow = async (batches: number): Promise<number> => {
    for (let i = 0; i < batches; i++) await three.orderer.submit(three.orderer.batch(EVENTS));
    return three.settled();
  };

  it("bring an orderer back that lost everything, and never let it fork", async () => {
    await three.startAll();
    await grow(2);
    const { dir } = three.orderer;
    const old = join(three.dir, "old");
    await ok("log", "snapshot", old, "--dir", dir);
    const size = await grow(2);
    await three.orderer.end("SIGKILL");
    lose(three.orderer, "ledger", "cosigned.db", "cosigned.db-wal", "seals.db", "seals.db-wal", "seals.db-shm");
    // The others know better, whatever the operator says.
    expect(await refusal("log", "restore", old, "--dir", dir, "--yes")).toBe("ledger/rolled-back");
    const follower = three.at(1);
    await three.at(2).end("SIGTERM");
    const token = follower.folder.config.gateway.entriesToken;
    const from = ["log", "import", follower.url, "--token", token, "--dir", dir];
    expect(await refusal(...from)).toBe("node/unconfirmed");
    three.at(2).start();
    await three.at(2).until("up again", () => true);
    expect(await ok(...from)).toMatchObject({ size });
    three.orderer.start();
    await three.orderer.until("up again", (m) => m.size >= size);
    expect(await grow(1)).toBeGreaterThan(size);
    for (const each of three.all) {
      expect(await ok("log", "verify", "--dir", each.dir)).toMatchObject({ ok: true, problems: [], replayed: true });
    }
  });

  it("drop what they have sealed; who is left behind starts from a snapshot", async () => {
    await three.startAll();
    const size = await grow(5);
    const { dir } = three.orderer;
    const behind = three.at(2);
    await behind.until("told of the seal", (m) => (m.seals?.sealedSize ?? 0) >= size);
    await behind.end("SIGTERM");
    lose(behind, "ledger/ledger.sqlite");
    const prune = ["log", "prune", "--dir", dir, "--before", "300"];
    expect(await ok(...prune)).toMatchObject({ from: 0, to: 256, heldBy: "members", dropped: false });
    expect(await ok(...prune, "--yes")).toMatchObject({ from: 0, to: 256, dropped: true });
    await three.orderer.submit();
    expect(await ok("log", "verify", "--dir", dir)).toMatchObject({ ok: true, pruned: 256, replayed: false });
    behind.start();
    await behind.until("stuck", (m) => m.follow?.kind === "cut-off");
    const health = (await (await fetch(`${behind.url}/health`)).json()) as { problem: { code: string } };
    expect(health.problem.code).toBe("ledger/pruned");
    await behind.end("SIGTERM");
    const snapshot = join(three.dir, "snapshot");
    await ok("log", "snapshot", snapshot, "--dir", dir);
    expect(await refusal("log", "restore", snapshot, "--dir", behind.dir)).toBe("node/unconfirmed");
    await ok("log", "restore", snapshot, "--dir", behind.dir, "--yes");
    behind.start();
    await behind.until("following", (m) => m.follow?.kind === "following");
    expect(await grow(1)).toBeGreaterThan(size);
    for (const each of three.all) {
      expect(await ok("log", "verify", "--dir", each.dir)).toMatchObject({ ok: true, problems: [] });
    }
  });
});
