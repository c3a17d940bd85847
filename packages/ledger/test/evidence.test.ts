/** Each kind of evidence: what convicts, and above all what must not. Blocks have a file of their own. */
import { decode, encode } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { founded } from "../conformance/founding.ts";
import {
  BACK_DATED_TOLERANCE_MS,
  encodeProofFile,
  formatNote,
  inclusionPath,
  isEvidence,
  leafHashes,
  makeBackDated,
  makeBrokenPromise,
  makeFork,
  makeWithheld,
  noncePath,
  prefixOf,
  signPromise,
  stateWithheld,
  treeHash,
} from "../src/index.ts";
import {
  chain,
  cosign,
  FOUNDERS,
  fixture,
  genesis,
  keyHex,
  memberSign,
  setOf,
  signLog,
  type World,
} from "./consortium.ts";
import { naiveReader, p } from "./support.ts";
import { accuser, BAD, BLOCK_MS, check, code, NOTHING, noteOf, script, world } from "./trial.ts";

describe("fork", () => {
  const short = world(2);
  const long = world(5);
  const otherShort = short.leaves.with(3, short.leaves[1] ?? NOTHING);
  const fork = (older: readonly Uint8Array[], newer: readonly Uint8Array[], seed = fixture.logSeed) => {
    const prefix = prefixOf(p, naiveReader(newer), older.length, newer.length);
    return makeFork(accuser, noteOf(older, seed), noteOf(newer), prefix);
  };

  it("convicts who signed two trees of one size", () => {
    const { finding, epoch } = check(fork(otherShort, short.leaves));
    expect(finding).toMatchObject({ kind: "fork", logKey: genesis.logKey, older: { size: short.size } });
    expect(epoch).toBe(0);
  });

  it("convicts who rewrote what an older checkpoint covers", () => {
    expect(check(fork(otherShort, long.leaves)).finding).toMatchObject({
      older: { size: short.size },
      newer: { size: long.size },
    });
  });

  it("acquits a log that only grew, whatever the sizes", () => {
    const leaves = long.leaves;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: leaves.length }), fc.integer({ min: 1, max: leaves.length }), (a, b) => {
        const [m, n] = a < b ? [a, b] : [b, a];
        expect(code(() => fork(leaves.slice(0, m), leaves.slice(0, n)))).toBe(BAD);
      }),
    );
  });

  it("acquits when somebody else signed, when the path is wrong, and when the larger one stands first", () => {
    expect(code(() => fork(otherShort, long.leaves, new Uint8Array(32).fill(9)))).toBe("ledger/bad-checkpoint");
    const prefix = prefixOf(p, naiveReader(long.leaves), short.size, long.size);
    const lie = { ...prefix, root: new Uint8Array(32).fill(1) };
    expect(code(() => makeFork(accuser, noteOf(short.leaves), noteOf(long.leaves), lie))).toBe(BAD);
    expect(code(() => makeFork(accuser, noteOf(long.leaves), noteOf(otherShort), prefix))).toBe(BAD);
  });
});

describe("broken-promise", () => {
  const late = script[3]?.[0];
  const promised = (byMs: number, change: Partial<{ nonce: number }> = {}, seed = fixture.logSeed, of = chain) =>
    signPromise(p.ed25519Signer(seed), {
      chain: of,
      transaction: late?.id ?? NOTHING,
      keyId: fixture.member.keyId,
      nonce: change.nonce ?? late?.transaction.nonce ?? 0,
      acceptedMs: genesis.time + BLOCK_MS,
      byMs,
    });
  /** What a log shows that has done so many blocks of the script; the fourth one holds the promised transaction. */
  const shown = (done: number, promise: Uint8Array) => {
    const log = world(done);
    return makeBrokenPromise(accuser, promise, log.note(), log.proved(noncePath(keyHex)));
  };
  it("convicts a log that went on without the transaction", () => {
    const { finding } = check(shown(3, promised(genesis.time + 2 * BLOCK_MS)));
    expect(finding).toMatchObject({ kind: "broken-promise", nonce: late?.transaction.nonce, logKey: genesis.logKey });
  });

  it("convicts when the key has never had a nonce", () => {
    const { finding } = check(shown(0, promised(genesis.time - 1)));
    expect(finding).toMatchObject({ lastNonce: null });
  });

  it("acquits a log that kept it, however late somebody looks", () => {
    for (const done of [4, 5, 6]) expect(code(() => shown(done, promised(genesis.time + 2 * BLOCK_MS)))).toBe(BAD);
  });

  it("acquits as long as the time has not passed, to the millisecond", () => {
    expect(code(() => shown(3, promised(genesis.time + 3 * BLOCK_MS)))).toBe(BAD);
    expect(code(() => shown(3, promised(genesis.time + 3 * BLOCK_MS - 1)))).toBe("no error");
  });

  it("acquits when the promise is somebody else's or about another chain", () => {
    const early = genesis.time + BLOCK_MS;
    expect(code(() => shown(3, promised(early, {}, new Uint8Array(32).fill(8))))).toBe(BAD);
    const other = founded(p, { chain: "other", organisations: ["x"], logKey: genesis.logKey }).chain;
    expect(code(() => shown(3, promised(early, {}, fixture.logSeed, other)))).toBe(BAD);
  });

  it("acquits when the nonce shown is of another key, of another state, or made up", () => {
    const promise = promised(genesis.time + 2 * BLOCK_MS);
    const now = world(5);
    const make = (note: string, proved: ReturnType<World["proved"]>) =>
      makeBrokenPromise(accuser, promise, note, proved);
    const proof = "ledger/bad-proof";
    expect(code(() => make(now.note(), now.proved("nonce/00000000000000000000000000000000")))).toBe(proof);
    expect(code(() => make(now.note(), world(3).proved(noncePath(keyHex))))).toBe(proof);
    expect(code(() => make(now.note(), { ...now.proved(noncePath(keyHex)), value: encode(1) }))).toBe(proof);
  });
});

describe("back-dated", () => {
  const QUORUM = FOUNDERS.slice(1);
  /** A log whose last block bears `blockMs`, sealed before it at the times given per member, seconds. */
  function dated(blockMs: number, times: readonly number[], names: readonly string[] = QUORUM) {
    const log = world(2);
    const text = log.text();
    const sealed = formatNote(text, [
      signLog(text),
      ...names.map((name, i) => cosign(name, text, times[i] ?? times[0] ?? 0)),
    ]);
    log.block(script[2] ?? [], blockMs);
    return { log, sealed };
  }
  const make = ({ log, sealed }: ReturnType<typeof dated>, index = log.size - 1) => {
    const path = inclusionPath(p, naiveReader(log.leaves), index, log.size);
    return makeBackDated(accuser, sealed, { note: log.note(), index, leaf: log.leaves[index] ?? NOTHING, path });
  };
  const base = genesis.time + 10 * BLOCK_MS;
  const far = (base + BACK_DATED_TOLERANCE_MS) / 1000 + 1;

  it("convicts a block older than what a quorum had sealed before it", () => {
    const { finding } = check(make(dated(base, [far])));
    expect(finding).toMatchObject({ kind: "back-dated", blockMs: base, sealedMs: far * 1000, cosigned: 3, of: 4 });
  });

  it("acquits within the tolerance for clocks, to the second", () => {
    expect(code(() => make(dated(base, [far - 1])))).toBe(BAD);
    expect(code(() => make(dated(base, [base / 1000 - 5])))).toBe(BAD);
  });

  it("acquits when only a minority has such a time: one wrong clock, or liars below a quorum", () => {
    expect(code(() => make(dated(base, [far, base / 1000, base / 1000])))).toBe(BAD);
    expect(code(() => make(dated(base, [far, far, base / 1000])))).toBe(BAD);
    expect(code(() => make(dated(base, [far, far], QUORUM.slice(0, 2))))).toBe(BAD);
    expect(code(() => make(dated(base, [far, far, far], ["ost", "sued", "fremd"])))).toBe(BAD);
  });

  it("acquits for a block that was sealed already, and for what is no block", () => {
    const log = dated(base, [far]);
    expect(code(() => make(log, world(2).size - 1))).toBe(BAD);
    expect(code(() => make(log, log.log.size - 2))).toBe(BAD);
  });
});

describe("withheld", () => {
  const log = world(4);
  const missing = { note: log.note(), from: 3, to: 9 };
  const says = (name: string, about = missing) => stateWithheld(memberSign(name), chain, about, name, 1_700_000_100);
  const make = (names: readonly string[], about = missing) =>
    makeWithheld(
      accuser,
      about,
      names.map((n) => says(n)),
    );

  it("counts the members who say so", () => {
    const { finding } = check(make(["nord", "west"]));
    expect(finding).toMatchObject({ kind: "withheld", members: ["nord", "west"], of: 4, from: 3, to: 9 });
  });

  it("is not heard from one of four, from strangers, or from one who is counted twice", () => {
    expect(code(() => make(["west"]))).toBe(BAD);
    expect(code(() => make([]))).toBe(BAD);
    expect(code(() => make(["west", "fremd"]))).toBe(BAD);
    expect(code(() => make(["west", "west"]))).toBe(BAD);
  });

  it("is refused when a statement is about other leaves, another checkpoint, or signed by another key", () => {
    const [west, nord] = [says("west"), says("nord")];
    const file = (a: typeof west, about = missing) => makeWithheld(accuser, about, [a, nord]);
    expect(code(() => file(says("west", { ...missing, to: 8 })))).toBe(BAD);
    expect(code(() => file(says("west", { ...missing, note: world(5).note() })))).toBe(BAD);
    expect(code(() => file({ ...west, organisation: "ost" }))).toBe(BAD);
    expect(code(() => file(west, { ...missing, to: log.size + 1 }))).toBe(BAD);
    expect(code(() => makeWithheld(accuser, { ...missing, to: 3 }, [west, nord]))).toBe(BAD);
    expect(code(() => makeWithheld(accuser, { ...missing, note: noteOf(log.leaves, new Uint8Array(32)) }, []))).toBe(
      "ledger/bad-checkpoint",
    );
  });
});

describe("the envelope", () => {
  const bad = world(3);
  const forked = bad.leaves.with(2, NOTHING);
  const prefix = prefixOf(p, naiveReader(bad.leaves), bad.size, bad.size);
  const file = makeFork(accuser, noteOf(forked), noteOf(bad.leaves), prefix);

  it("is told from a proof file by how it begins", () => {
    expect(isEvidence(file)).toBe(true);
    const proof = encodeProofFile({ leaf: NOTHING, index: 0, size: 1, path: [], authorship: null });
    expect([isEvidence(proof), isEvidence(NOTHING)]).toEqual([false, false]);
  });

  it("is refused cut anywhere, of an unknown kind or version, and with a byte flipped where it matters", () => {
    for (let at = 0; at < file.length; at += 13) {
      expect(code(() => file.subarray(0, at))).toMatch(/^(?:core|ledger)\//);
      const flipped = file.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 2;
      const outcome = code(() => flipped);
      // A flip inside the founding document's body or signatures makes another document or none.
      expect(outcome).toMatch(/^(?:core|ledger|crypto)\//);
    }
    const [tag, , document, links, content] = decode(file) as [string, string, Uint8Array, [], []];
    expect(code(() => encode([tag, "treason", document, links, content]))).toBe("ledger/malformed");
    expect(code(() => encode(["anamnesis/evidence/v2", "fork", document, links, content]))).toBe("ledger/malformed");
    expect(code(() => encode([tag, "withheld", document, links, content]))).toBe("core/bad-encoding");
  });

  it("carries the trust chain to the members and the log key of today", () => {
    const log = world(3);
    const seed = new Uint8Array(32).fill(77);
    log.members(setOf(1, ["am-see", "nord", "ost", "sued"], p.ed25519PublicKey(seed)));
    const links = [log.sealed(FOUNDERS)];
    const lying = makeFork({ ...accuser, links }, noteOf(log.leaves.with(2, NOTHING), seed), noteOf(log.leaves, seed), {
      root: treeHash(p, leafHashes(p, log.leaves)),
      path: [],
    });
    expect(check(lying)).toMatchObject({ epoch: 1, finding: { logKey: p.ed25519PublicKey(seed) } });
    const unlinked = decode(lying) as [string, string, Uint8Array, unknown[], []];
    unlinked[3] = [];
    expect(code(() => encode(unlinked as never))).toBe("ledger/bad-checkpoint");
  });
});
