import { BATCH_KIND, contract, encodeBatchBody, type Position, readSource } from "@anamnesis/contracts";
import { chainId, sourceId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  type Event,
  type EventKind,
  encodeEvent,
  executeBlock,
  executeGenesis,
  leafHashes,
  type SignedTransaction,
  signTransaction,
  type TransactionResult,
  treeHash,
} from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { describe, expect, it } from "vitest";

const chain = chainId("test");
const signer = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(1));
const stranger = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(2));
const genesis = founded(native, {
  chain,
  time: 1000,
  organisations: [{ id: "nord", signer }],
  logKey: new Uint8Array(32),
});

/** A chain in memory: the state as a map, blocks executed one by one. */
class Chain {
  readonly state = new Map<string, Uint8Array>();
  #sequence = 0;
  #nonce = 0;

  constructor() {
    this.#keep(executeGenesis(this.#host(), genesis).changes);
  }

  #host = () => ({ primitives: native, contract, chain, state: { get: (k: string) => this.state.get(k) } });

  #keep(changes: ReadonlyMap<string, Uint8Array | undefined>) {
    for (const [key, value] of changes) {
      if (value === undefined) this.state.delete(key);
      else this.state.set(key, value);
    }
  }

  block(...transactions: SignedTransaction[]) {
    const run = executeBlock(this.#host(), { sequence: ++this.#sequence, time: 5000, transactions });
    this.#keep(run.changes);
    return run;
  }

  submit(transaction: SignedTransaction): TransactionResult {
    const [result] = this.block(transaction).results;
    if (result === undefined) throw new Error("no result");
    return result;
  }

  nonce = () => ++this.#nonce;
}

const at = (lsn: number, ordinal: number): Position => ({ lsn: BigInt(lsn), ordinal });

const event = (lsn: number, ordinal: number, kind: EventKind = "create", source = "ehr"): Event => ({
  kind,
  source,
  table: new Uint8Array(8),
  row: new Uint8Array(16),
  schema: new Uint8Array(8),
  commitment: new Uint8Array(32),
  lsn: BigInt(lsn),
  ordinal,
  xid: 1n,
  time: 1,
  actor: null,
  purpose: null,
});

interface Options {
  readonly nonce: number;
  readonly from: Position;
  readonly to: Position;
  readonly events: readonly Event[];
  readonly incarnation?: number;
  readonly count?: number;
  readonly by?: typeof signer;
  readonly chain?: string;
  readonly root?: Uint8Array;
  readonly kind?: string;
  readonly expires?: number;
}

function batch(o: Options): SignedTransaction {
  const leaves = o.events.map(encodeEvent);
  const body = encodeBatchBody({
    source: sourceId("ehr"),
    incarnation: new Uint8Array(8).fill(o.incarnation ?? 1),
    from: o.from,
    to: o.to,
    count: o.count ?? leaves.length,
    root: o.root ?? treeHash(native, leafHashes(native, leaves)),
  });
  const { nonce, kind = BATCH_KIND, expires = 100 } = o;
  return signTransaction(
    native,
    { chain: chainId(o.chain ?? "test"), kind, nonce, expires, body },
    [o.by ?? signer],
    leaves,
  );
}

const first = { nonce: 1, from: at(0, 0), to: at(10, 2), events: [event(10, 1), event(10, 2)] };
const refusal = (result: TransactionResult) => (result.accepted ? "accepted" : result.refusal.code);

describe("events.batch", () => {
  it("appends header and events and moves the source's position", () => {
    const c = new Chain();
    const run = c.block(batch(first), batch({ nonce: 2, from: at(10, 2), to: at(11, 0), events: [event(10, 3)] }));
    expect(run.results).toEqual([
      { accepted: true, offset: 0, count: 3 },
      { accepted: true, offset: 3, count: 2 },
    ]);
    const state = readSource({ get: (k) => c.state.get(k) }, "nord", "ehr");
    expect(state).toMatchObject({ position: at(11, 0), batches: 2, events: 3 });
  });

  it("leaves no trace of a refused batch, also between accepted ones of the same block", () => {
    const good = batch(first);
    const bad = batch({ nonce: 2, from: at(5, 0), to: at(12, 0), events: [event(12, 0)] });
    const next = batch({ nonce: 3, from: at(10, 2), to: at(12, 1), events: [event(12, 1)] });
    const withBad = new Chain();
    const without = new Chain();
    const a = withBad.block(good, bad, next);
    const b = without.block(good, next);
    expect(a.results.map(refusal)).toEqual(["accepted", "events/stale-position", "accepted"]);
    expect(a.leaves).toEqual(b.leaves);
    expect([...withBad.state]).toEqual([...without.state]);
  });

  const cases: readonly [string, string, Partial<Options>][] = [
    ["a stale position", "events/stale-position", { from: at(9, 0), to: at(11, 1), events: [event(11, 1)] }],
    ["a skipped stretch", "events/undeclared-gap", { from: at(10, 3), to: at(11, 1), events: [event(11, 1)] }],
    ["another incarnation", "events/undeclared-gap", { incarnation: 2 }],
    ["events out of order", "events/not-in-order", { to: at(11, 9), events: [event(11, 2), event(11, 1)] }],
    ["one event twice", "events/not-in-order", { events: [event(11, 1), event(11, 1)] }],
    [
      "a declared gap anywhere but at its beginning",
      "events/not-in-order",
      { events: [event(11, 1), event(10, 9, "gap")] },
    ],
    ["a declared gap that moves nothing", "events/malformed-batch", { to: at(10, 2), events: [event(10, 2, "gap")] }],
    ["an event behind the end", "events/not-in-order", { to: at(11, 0), events: [event(11, 1)] }],
    ["an event whose LSN lies behind the end", "events/not-in-order", { to: at(11, 9), events: [event(12, 1)] }],
    ["an event of another source", "events/malformed-batch", { events: [event(11, 1, "create", "lab")] }],
    ["a wrong count", "events/malformed-batch", { count: 2 }],
    ["a batch without events", "events/malformed-batch", { events: [] }],
    ["a wrong root", "events/wrong-root", { root: new Uint8Array(32) }],
    ["a repeated nonce", "ledger/nonce-repeated", { nonce: 1 }],
    ["a key of no member", "ledger/unknown-key", { by: stranger }],
    ["another chain", "ledger/wrong-chain", { chain: "other" }],
    ["an unknown kind", "ledger/unknown-kind", { kind: "events.unheard" }],
    ["an expired transaction", "ledger/expired", { expires: 5 }],
  ];

  it.each(cases)("refuses %s with %s", (_what, code, change) => {
    const c = new Chain();
    expect(c.submit(batch(first))).toMatchObject({ accepted: true });
    const next = { nonce: 2, from: at(10, 2), to: at(11, 1), events: [event(11, 1)], ...change };
    expect(refusal(c.submit(batch(next)))).toBe(code);
    expect(refusal(c.submit(batch({ nonce: 3, from: at(10, 2), to: at(11, 1), events: [event(11, 1)] })))).toBe(
      "accepted",
    );
  });

  it("refuses an altered signature, an unknown suite, and too many events", () => {
    const c = new Chain();
    const good = batch(first);
    const [signature] = good.signatures;
    if (signature === undefined) throw new Error("unsigned");
    const flipped = signature.signature.slice();
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    expect(refusal(c.submit({ ...good, signatures: [{ ...signature, signature: flipped }] }))).toBe(
      "ledger/bad-signature",
    );
    expect(refusal(c.submit({ ...good, signatures: [{ ...signature, suite: "SM-1" }] }))).toBe("ledger/unknown-suite");
    expect(refusal(c.submit({ ...good, signatures: [signature, signature] }))).toBe("ledger/malformed");
    const many = Array.from({ length: 4097 }, (_, i) => event(10, i + 1));
    expect(refusal(c.submit(batch({ ...first, to: at(10, 5000), events: many })))).toBe("ledger/too-large");
    expect(refusal(c.submit(good))).toBe("accepted");
  });

  it("accepts a skipped stretch or another incarnation when a gap event declares it", () => {
    const c = new Chain();
    c.submit(batch(first));
    const gap = { nonce: 2, incarnation: 2, from: at(3, 0), to: at(4, 1), events: [event(3, 0, "gap"), event(4, 1)] };
    expect(refusal(c.submit(batch(gap)))).toBe("accepted");
    const next = { nonce: 3, incarnation: 2, from: at(4, 1), to: at(4, 2), events: [event(4, 2)] };
    expect(refusal(c.submit(batch(next)))).toBe("accepted");
  });
});
