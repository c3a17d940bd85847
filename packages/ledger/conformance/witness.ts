/**
 * The promises of a witness (C2SP tlog-witness) as tests, through its one door. Whoever answers `add-checkpoint` hands itself to
 * `witnessConformance`: a witness with its store, a server over HTTP, a follower that cosigns what it has replayed.
 */
import { equal, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  cosigner,
  emptyRoot,
  formatAddCheckpoint,
  openNote,
  parseVerifierKey,
  type WitnessAnswer,
  type WitnessDeps,
} from "../src/index.ts";
import { TestClock } from "./fixture.ts";
import { TestLog } from "./test-log.ts";

export type WitnessOptions = Omit<WitnessDeps, "store" | "vouches">;
type Reply = Pick<WitnessAnswer, "status" | "type" | "body">;

export interface WitnessHarness {
  answer(body: Uint8Array): Promise<Reply>;
  /** Forgets everything that is not durable. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

export type MakeWitness = (options: WitnessOptions) => Promise<WitnessHarness>;

export function witnessConformance(name: string, p: Primitives, make: MakeWitness): void {
  describe(`witness ${name}`, () => {
    const key = cosigner(p, "witness.example/w", new Uint8Array(32).fill(5));
    const verifier = parseVerifierKey(p, key.verifierKey);
    let clock: TestClock;
    let log: TestLog;
    let witness: WitnessHarness;
    beforeEach(async () => {
      clock = new TestClock();
      log = new TestLog(p).grow(700);
      const logKeys = (origin: string) => (origin === log.origin ? [log.verifier] : undefined);
      witness = await make({ primitives: p, clock, cosigner: key, logKeys });
    });
    afterEach(() => witness.dispose());

    const send = (body: string) => witness.answer(utf8(body));
    const add = (from: TestLog, old: number, size: number, proof = from.proof(old, size)) =>
      send(formatAddCheckpoint({ old, proof, note: from.note(size) }));
    const conflict = (size: number) => ({ status: 409, type: "text/x.tlog.size", body: `${size}\n` });
    const timeOf = (note: string, reply: Reply) => {
      expect(reply).toMatchObject({ status: 200, type: "text/plain; charset=utf-8" });
      return openNote(p, note.slice(0, note.indexOf("\n\n") + 2) + reply.body, [verifier]).verified[0]?.time;
    };

    it("cosigns the first checkpoint, then continuations of it, with the time", async () => {
      expect(timeOf(log.note(3), await add(log, 0, 3))).toBe(Math.floor(clock.ms / 1000));
      clock.ms += 5000;
      expect(timeOf(log.note(600), await add(log, 3, 600))).toBe(Math.floor(clock.ms / 1000));
      expect((await add(log, 600, 700)).status).toBe(200);
    });

    it("cosigns an unchanged tree again, with the new time", async () => {
      await add(log, 0, 300);
      clock.ms += 60_000;
      expect(timeOf(log.note(300), await add(log, 300, 300))).toBe(Math.floor(clock.ms / 1000));
    });

    it("tells the size it cosigned last to whoever is wrong about it", async () => {
      expect(await add(log, 5, 10)).toEqual(conflict(0));
      await add(log, 0, 300);
      for (const old of [0, 299, 301]) expect(await add(log, old, 400)).toEqual(conflict(300));
      expect(await add(log, 0, 200)).toEqual(conflict(300));
    });

    it("never cosigns another tree of the same size, nor one that does not continue", async () => {
      const other = log.forkAt(290).grow(300, "other");
      await add(log, 0, 300);
      expect(await add(other, 300, 300)).toEqual(conflict(300));
      expect((await add(other, 300, 400)).status).toBe(422);
      expect((await add(log, 300, 400, [])).status).toBe(422);
      expect((await add(log, 300, 400, log.proof(299, 400))).status).toBe(422);
      expect((await add(log, 300, 300, log.proof(299, 300))).status).toBe(422);
      expect((await add(log, 300, 400)).status).toBe(200);
    });

    it("wants no proof from nothing, and takes the empty tree for what it is", async () => {
      expect((await add(log, 0, 3, log.proof(2, 3))).status).toBe(422);
      const note = log.note(0, emptyRoot(p));
      expect((await send(formatAddCheckpoint({ old: 0, proof: [], note }))).status).toBe(200);
      expect((await add(log, 0, 3)).status).toBe(200);
    });

    it("refuses an old size above the checkpoint's, unknown logs and unknown keys", async () => {
      expect((await send(formatAddCheckpoint({ old: 4, proof: [], note: log.note(3) }))).status).toBe(400);
      const stranger = new TestLog(p, "anamnesis/other").grow(3);
      expect((await add(stranger, 0, 3)).status).toBe(404);
      const forger = new TestLog(p, log.origin, new Uint8Array(32).fill(9)).grow(3);
      expect((await add(forger, 0, 3)).status).toBe(403);
      const altered = log.note(3).replace("\n3\n", "\n4\n");
      expect((await send(formatAddCheckpoint({ old: 0, proof: [], note: altered }))).status).toBe(403);
    });

    it("ignores signatures that it does not know", async () => {
      const line = new TestLog(p, "stranger").sign("x\n").split("\n\n")[1] ?? "";
      const reply = await send(formatAddCheckpoint({ old: 0, proof: [], note: log.note(3) + line }));
      expect(timeOf(log.note(3), reply)).toBeTypeOf("number");
    });

    it("covers extension lines of other logs' checkpoints", async () => {
      const text = `${log.note(3).split("\n\n")[0]}\nextension\n`;
      const reply = await send(formatAddCheckpoint({ old: 0, proof: [], note: log.sign(text) }));
      expect(timeOf(log.sign(text), reply)).toBeTypeOf("number");
      const empty = log.sign(`${log.note(3).split("\n\n")[0]}\n\nextension\n`);
      expect((await send(formatAddCheckpoint({ old: 3, proof: [], note: empty }))).status).toBe(400);
    });

    it.each([
      "",
      "old 0",
      "old 0\n",
      "old 00\n\n",
      "old -1\n\n",
      "old  0\n\n",
      "new 0\n\n",
      "old 0\r\n\n",
      "old 9999999999999999\n\n",
      "old 0\nAAAA\n\n",
      "old 0\n!\n\n",
      `old 0\n${`${"A".repeat(43)}=\n`.repeat(64)}\n`,
    ])("takes %j for no request", async (start) => {
      expect((await send(start + log.note(3))).status).toBe(400);
      expect((await send(start)).status).toBe(400);
    });

    it("answers a request cut at any byte with 400 or 403, and cosigns nothing", async () => {
      await add(log, 0, 3);
      const whole = utf8(formatAddCheckpoint({ old: 3, proof: log.proof(3, 300), note: log.note(300) }));
      for (let end = 0; end < whole.length; end++) {
        expect((await witness.answer(whole.subarray(0, end))).status).toBeOneOf([400, 403]);
      }
      expect((await witness.answer(new Uint8Array([0xff, 0xfe]))).status).toBe(400);
      expect((await witness.answer(whole)).status).toBe(200);
    });

    it("refuses what is larger than any request", async () => {
      expect((await witness.answer(new Uint8Array(70_000))).status).toBe(413);
    });

    it("remembers over a restart", async () => {
      await add(log, 0, 300);
      await witness.restart();
      expect(await add(log, 0, 400)).toEqual(conflict(300));
      expect((await add(log.forkAt(290).grow(300, "other"), 300, 400)).status).toBe(422);
      expect((await add(log, 300, 400)).status).toBe(200);
    });

    it("cosigns one line of trees only, whatever comes at the same time", async () => {
      const forks = [log, log.forkAt(0).grow(200, "b"), log.forkAt(0).grow(200, "c")];
      const request = fc.record({
        fork: fc.constantFrom(0, 1, 2),
        old: fc.constantFrom(0, 10, 20, 30),
        step: fc.constantFrom(0, 10, 20),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 16 }), async (requests) => {
          await witness.dispose();
          const logKeys = () => [log.verifier];
          witness = await make({ primitives: p, clock, cosigner: key, logKeys });
          const given = await Promise.all(
            requests.map(async ({ fork, old, step }) => {
              const from = forks[fork] ?? log;
              return { fork, size: old + step, status: (await add(from, old, old + step)).status };
            }),
          );
          const cosigned = given.filter((g) => g.status === 200 && g.size > 0);
          expect(new Set(cosigned.map((g) => g.fork)).size).toBeLessThanOrEqual(1);
          for (const { status } of given) expect(status).toBeOneOf([200, 409, 422, 503]);
          const started = requests.some((r) => r.old === 0 && r.step > 0);
          if (started) expect(cosigned.length).toBeGreaterThan(0);
          expect(equal(log.root(10), forks[1]?.root(10) ?? log.root(10))).toBe(false);
        }),
        { numRuns: 25 },
      );
    });
  });
}
