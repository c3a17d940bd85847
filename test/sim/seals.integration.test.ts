/**
 * Four members seal a real log for real: each asks the state whose turn it is. Creators and scores are computed a second time
 * here, from the words of spec/incentive.md and without our rule's code.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract, decodeSeal, decodeStanding, encodeBatchBody, scorePath, sealPath } from "@anamnesis/contracts";
import { orgId, sourceId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import {
  cosigner,
  cosignerName,
  type Engine,
  encodeEvent,
  formatNote,
  leafHashes,
  parseNote,
  signTransaction,
  treeHash,
} from "@anamnesis/ledger";
import { cosignerSeed, founded, founderSigner, TestClock } from "@anamnesis/ledger/conformance";
import { type SealerOptions, sealIfDue, sealingDuty } from "@anamnesis/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chance } from "../../sim/random.ts";

const IDS = ["nord", "ost", "sued", "west"];
/** West is away from seal 60 on, and back at seal 90; nobody waits for it longer each time. */
const AWAY = { id: "west", from: 60, to: 90 };
const SEALS = 220;
const SEED = 7;

const logSeed = new Uint8Array(32).fill(9);
const genesis = founded(native, {
  chain: "seals",
  time: 1_700_000_000_000,
  organisations: IDS,
  logKey: native.ed25519PublicKey(logSeed),
});
const clock = new TestClock();
const chance = new Chance(SEED);
let dir: string;
let engine: Engine;
const positions = new Map<string, bigint>();

/** One batch with `count` events by `id`. */
async function work(id: string, count: number): Promise<void> {
  const from = positions.get(id) ?? 0n;
  const to = from + 8n;
  positions.set(id, to);
  const leaves = Array.from({ length: count }, (_, i) =>
    encodeEvent({
      ...{
        kind: "update",
        source: "ehr",
        table: new Uint8Array(8),
        row: new Uint8Array(16),
        schema: new Uint8Array(8),
      },
      ...{ commitment: new Uint8Array(32), lsn: to, ordinal: i + 1, xid: 1n, time: clock.ms * 1000 },
      ...{ actor: null, purpose: null },
    }),
  );
  const body = encodeBatchBody({
    ...{ source: sourceId("ehr"), incarnation: new Uint8Array(8), count },
    ...{ from: { lsn: from, ordinal: from === 0n ? 0 : 99 }, to: { lsn: to, ordinal: 99 } },
    root: treeHash(native, leafHashes(native, leaves)),
  });
  const transaction = { chain: genesis.chain, kind: "events.batch", nonce: clock.ms * 1000, expires: 4e9, body };
  await engine.submit(signTransaction(native, transaction, [founderSigner(native, id)], leaves));
}

const present = (id: string, seal: number) => id !== AWAY.id || seal < AWAY.from || seal >= AWAY.to;

/** The newest checkpoint with the cosignatures of all that are there. */
async function cosigned(seal: number): Promise<string> {
  const { text, signatures } = parseNote((await engine.checkpoint()).note);
  const by = IDS.filter((id) => present(id, seal)).map((id) =>
    cosigner(native, cosignerName(genesis.chain, orgId(id)), cosignerSeed(native, id)),
  );
  return formatNote(text, [...signatures, ...by.map((each) => each.cosign(text, Math.floor(clock.ms / 1000)))]);
}

const sealer = (id: string, seal: number): SealerOptions => ({
  ...{ primitives: native, chain: genesis.chain, organisation: id, signer: founderSigner(native, id), log: engine },
  submit: (transaction) => engine.submit(transaction),
  sealed: () => cosigned(seal),
  now: () => clock.ms,
});

/** Everybody present looks whether it is its turn; time passes until somebody's is. */
async function sealOnce(seal: number): Promise<string> {
  for (let waited = 0; waited < 600; waited++) {
    for (const id of IDS.filter((each) => present(each, seal))) {
      if ((await sealIfDue(sealer(id, seal))) !== undefined) return id;
    }
    clock.ms += 1_000;
  }
  throw new Error(`nobody made seal ${seal}, seed ${SEED}`);
}

interface Account {
  score: number;
  since: number;
  missed: number;
  aside: number;
  hour: number;
  earned: number;
}

/** The second computation: plain, and from the text. */
class Ledgerless {
  readonly accounts = new Map<string, Account>();

  account(id: string, seal: number): Account {
    const scores = [...this.accounts.values()].map((each) => each.score).sort((a, b) => a - b);
    const score = scores[Math.ceil(scores.length / 2) - 1] ?? 0;
    const account = this.accounts.get(id) ?? { score, since: seal, missed: 0, aside: 0, hour: -1, earned: 0 };
    this.accounts.set(id, account);
    return account;
  }

  events(id: string, count: number, seal: number, ms: number): void {
    const account = this.account(id, seal);
    const hour = Math.floor(ms / 3_600_000);
    if (account.hour !== hour) Object.assign(account, { hour, earned: 0 });
    const points = Math.min(10 * count, 100 - account.earned);
    account.earned += points;
    account.score += points;
  }

  line(seal: number, sole: string | undefined): string[] {
    for (const id of IDS) this.account(id, seal);
    const median = IDS.map((id) => this.account(id, seal).score).sort((a, b) => a - b)[1] ?? 0;
    const key = (id: string): number[] => {
      const { score, since, aside } = this.account(id, seal);
      if (aside > seal) return [2, Math.max(score, median - 500), since];
      return seal - since >= 3 * IDS.length ? [0, 0, since] : [1, Math.max(score, median - 500), since];
    };
    return IDS.filter((id) => id !== sole).sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      return (x[0] ?? 0) - (y[0] ?? 0) || (x[1] ?? 0) - (y[1] ?? 0) || (x[2] ?? 0) - (y[2] ?? 0) || a.localeCompare(b);
    });
  }

  seal(seal: number, line: readonly string[], creator: string): void {
    for (const late of line.slice(0, line.indexOf(creator))) {
      const account = this.account(late, seal);
      account.missed += 1;
      account.aside = seal + 1 + Math.min(63, 2 ** account.missed - 1);
    }
    for (const id of IDS.filter((each) => each !== creator && present(each, seal))) {
      this.account(id, seal).score += 50;
      this.account(creator, seal).score += 20;
    }
    Object.assign(this.account(creator, seal), { missed: 0, aside: 0, since: seal });
    this.account(creator, seal).score += 100;
  }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-seals-"));
  const options = { dir, genesis, primitives: native, contract, logSigner: logSeed };
  await createLedger(options);
  engine = await openEmbedded({ ...options, clock });
});
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
});

describe(`sealing by four members, seed ${SEED}`, () => {
  const model = new Ledgerless();
  const creators: string[] = [];

  it(`follows the rule exactly over ${SEALS} seals, one member away for a while`, async () => {
    for (let seal = 0; seal < SEALS; seal++) {
      clock.ms += 5_000 + chance.below(20_000);
      const busy = [...new Set(Array.from({ length: 1 + chance.below(3) }, () => IDS[chance.below(4)] ?? "nord"))];
      for (const id of busy.filter((each) => present(each, seal))) {
        const count = 1 + chance.below(8);
        await work(id, count);
        model.events(id, count, seal, clock.ms);
        clock.ms += 1;
      }
      const writers = busy.filter((each) => present(each, seal));
      if (writers.length === 0) {
        await work("nord", 1);
        model.events("nord", 1, seal, clock.ms);
      }
      const by = writers.length === 0 ? ["nord"] : writers;
      const line = model.line(seal, by.length === 1 ? by[0] : undefined);
      expect((await sealingDuty(engine)).line, `seal ${seal}, seed ${SEED}`).toEqual(line);
      const creator = await sealOnce(seal);
      expect(creator, `seal ${seal}, seed ${SEED}`).toBe(line.find((id) => present(id, seal)));
      model.seal(seal, line, creator);
      creators.push(creator);
    }
  }, 120_000);

  it("left the same scores and seals on the ledger", async () => {
    for (const id of IDS) {
      const { value } = await engine.read(scorePath(id));
      const { score, since, missed, aside } = decodeStanding(id, value ?? new Uint8Array(0));
      expect({ id, score, since, missed, aside }).toEqual({
        ...{ id, score: model.account(id, SEALS).score, since: model.account(id, SEALS).since },
        ...{ missed: model.account(id, SEALS).missed, aside: model.account(id, SEALS).aside },
      });
    }
    for (const [seal, creator] of creators.entries()) {
      const { value } = await engine.read(sealPath(seal));
      expect(decodeSeal(value ?? new Uint8Array(0)).creator).toBe(creator);
    }
  });

  it("shares the work: nobody present makes a third more than another, and who was away made up for it or is behind", () => {
    const made = IDS.map((id) => creators.filter((each) => each === id).length);
    expect(made.reduce((sum, each) => sum + each, 0)).toBe(SEALS);
    const steady = made.slice(0, 3);
    expect(Math.max(...steady)).toBeLessThan(Math.min(...steady) * 1.34);
    expect(creators.slice(AWAY.from, AWAY.to)).not.toContain(AWAY.id);
  });
});
