import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cosignedBy, foundingSet, isSealed, parseNote } from "@anamnesis/ledger";
import { checkEvidenceFile, openFolder, openLog, primitives, verifyFolderLog } from "@anamnesis/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Consortium } from "./harness.ts";

describe("four organisations, a process each", { timeout: 240_000 }, () => {
  let four: Consortium;
  beforeEach(async () => {
    four = await Consortium.found(4);
  });
  afterEach(() => four.dispose());

  const verified = async (): Promise<void> => {
    for (const { dir } of four.all) expect((await verifyFolderLog(openFolder(dir))).problems).toEqual([]);
  };

  it("order, follow, submit from everywhere, and seal; each folder verifies alone", async () => {
    await four.startAll();
    for (const each of four.all) await each.submit();
    await Promise.all(four.all.flatMap((each) => [each.batch(50), each.batch(1)].map((tx) => each.submit(tx))));
    const size = await four.settled();
    const { seals } = await four.orderer.until("sealed by all", (m) => m.seals?.sealedBy === 4);
    expect(seals).toMatchObject({ quorum: 3, epoch: 0 });
    const { genesis } = four.orderer.folder;
    for (const { url } of four.all) {
      const note = await (await fetch(`${url}/checkpoint`)).text();
      expect(parseNote(note).text.split("\n")[1]).toBe(String(size));
    }
    await four.at(1).until("told of the seal", (m) => (m.seals?.sealedSize ?? 0) >= size);
    for (const { url } of [four.orderer, four.at(1)]) {
      const note = await (await fetch(`${url}/sealed`)).text();
      const set = foundingSet(genesis);
      expect(isSealed(primitives, genesis.chain, set, note)).toBe(true);
      expect(cosignedBy(primitives, genesis.chain, set, note).length).toBeGreaterThanOrEqual(3);
    }
    for (const each of four.all) expect(await each.end("SIGTERM")).toBe(0);
    await verified();
  });

  it("survive kill -9 of followers and of the orderer, and lose nothing acknowledged", async () => {
    await four.startAll();
    const follower = four.at(2);
    for (let round = 0; round < 4; round++) {
      const victim = round % 2 === 0 ? follower : four.orderer;
      const waiting = four.all.filter((each) => each !== victim).map((each) => each.submit());
      const doomed = victim.submit().catch(() => undefined);
      await victim.end("SIGKILL");
      victim.start();
      await Promise.allSettled([...waiting, doomed]);
      await victim.until("up again", () => true);
      for (const each of four.all) await each.submit();
    }
    await four.settled();
    for (const each of four.all) await each.end("SIGTERM");
    await verified();
    const roots = await Promise.all(
      four.all.map(async ({ dir }) => {
        const log = await openLog(openFolder(dir));
        const { root } = await log.checkpoint();
        await log.close();
        return root;
      }),
    );
    for (const root of roots) expect(root).toEqual(roots[0]);
  });

  it("go on reading when cut off, say so, and catch up", async () => {
    await four.startAll();
    await four.orderer.submit();
    await four.settled();
    const [, alone] = four.all;
    const proxy = four.proxies[0];
    if (alone === undefined || proxy === undefined) throw new Error("a follower");
    proxy.cut();
    const { size } = await alone.until("cut off", (m) => m.follow?.kind === "cut-off");
    for (let i = 0; i < 20; i++) await four.orderer.submit();
    const response = await fetch(`${alone.url}/checkpoint`);
    expect(response.status).toBe(200);
    expect(response.headers.get("anamnesis-notice")).toMatch(/^read-only; cut off since /);
    expect(parseNote(await response.text()).text.split("\n")[1]).toBe(String(size));
    const health = await fetch(`${alone.url}/health`);
    expect([health.status, await health.json()]).toMatchObject([503, { status: "read-only" }]);
    const waiting = alone.submit();
    waiting.catch(() => undefined);
    await four.orderer.until("sealed by the other three", (m) => m.seals?.sealedBy === 3);
    proxy.network = "up";
    await waiting;
    await alone.until("following", (m) => m.follow?.kind === "following");
    await four.settled();
    expect((await fetch(`${alone.url}/health`)).status).toBe(200);
  });

  it("refuse a rewritten log, keep their own, and hold evidence that convicts", async () => {
    await four.startAll();
    await four.orderer.submit();
    await four.settled();
    await four.orderer.end("SIGTERM");
    const { layout } = four.orderer.folder;
    const before = join(four.dir, "before");
    cpSync(layout.ledger, before, { recursive: true });
    four.orderer.start();
    await four.at(1).submit();
    const size = await four.settled();
    await four.orderer.end("SIGTERM");
    rmSync(layout.ledger, { recursive: true });
    cpSync(before, layout.ledger, { recursive: true });
    four.orderer.start();
    await four.orderer.until("up", () => true);
    for (let i = 0; i < 3; i++) await four.orderer.submit();
    for (const each of four.all.slice(1)) {
      const refused = await each.until("refused", (m) => m.follow?.kind === "refused");
      expect(refused).toMatchObject({ size, follow: { why: expect.stringMatching(/contradicts/) } });
      expect((await fetch(`${each.url}/checkpoint`)).status).toBe(200);
      const dir = join(each.dir, "evidence");
      await expect.poll(() => existsSync(dir) && readdirSync(dir).length, { timeout: 60_000 }).toBe(1);
      const [file = ""] = readdirSync(dir);
      expect(checkEvidenceFile(new Uint8Array(readFileSync(join(dir, file))))).toMatchObject({
        holds: true,
        finding: { kind: "fork" },
      });
    }
    const seals = (await four.orderer.members())?.seals;
    expect(seals?.members.filter((m) => m.id !== "nord").every((m) => m.outcome !== "cosigned")).toBe(true);
  });
});
