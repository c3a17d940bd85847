import { toHex, utf8 } from "@anamnesis/core";
import { handles, rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { decodeEvent, type Event } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyStore } from "../src/keystore.ts";
import type { EventSink, Soon } from "../src/lot.ts";
import { Sealer } from "../src/sealer.ts";
import type { Change, TableSchema } from "../src/source.ts";
import { SubjectSealers } from "../src/subject-sealers.ts";

const named = handles(native, new Uint8Array(32).fill(1));
const keyOf = (name: string) => native.sha256(utf8(name));
const keys = { keyOf, find: keyOf } as unknown as KeyStore;

const column = (name: string) => ({ name, type: "pg_catalog.text", modifier: -1, large: false });
const base = { columns: [column("id"), column("patient"), column("note")], subjectColumns: [1], estimate: 0 };
const tables: readonly TableSchema[] = [
  { ...base, name: "public.keyed", handle: named.table("public.keyed"), keyColumns: [0], identity: "full" as const },
  { ...base, name: "public.loose", handle: named.table("public.loose"), keyColumns: [], identity: "full" as const },
].map((t, i) => ({ ...t, schemaId: new Uint8Array(8).fill(i + 1) }));

type Told = { readonly event: Event } | { readonly name: string; readonly row: string };

/** Keeps what it is told; `failAt`: refuses that event. */
class Sink implements EventSink {
  readonly told: Told[] = [];
  sealedTimes = 0;
  #events = 0;
  readonly #failAt: number;

  constructor(failAt = Number.POSITIVE_INFINITY) {
    this.#failAt = failAt;
  }

  get events(): readonly Event[] {
    return this.told.flatMap((t) => ("event" in t ? [t.event] : []));
  }
  event(leaf: Uint8Array): void {
    if (++this.#events === this.#failAt) throw new Error("full");
    this.told.push({ event: decodeEvent(leaf.slice()) }); // its bytes are good until this returns
  }
  row(_table: Uint8Array, row: Uint8Array, name: string): void {
    this.told.push({ name, row: toHex(row) });
  }
  actor(): void {}
  together(_events: number, work: () => void): void {
    work();
  }
  sealed(): void {
    this.sealedTimes++;
  }
}

const sealerOf = (sink: Sink, soon?: Soon) =>
  new Sealer({
    ...{ source: "ehr", handles: named, sink, sealers: new SubjectSealers(native, keys) },
    ...(soon === undefined ? {} : { soon }),
  });

const row = fc.tuple(fc.nat(20), fc.nat(3), fc.string({ maxLength: 300 })).map((r) => r.map((v) => utf8(String(v))));
const change: fc.Arbitrary<Change> = fc
  .record({ table: fc.constantFrom(...tables), kind: fc.nat(9), before: row, after: row })
  .map(({ table, kind, before, after }): Change => {
    if (kind < 4) return { kind: "create", table, after };
    if (kind < 7) return { kind: "update", table, before, after };
    if (kind < 9) return { kind: "delete", table, before };
    return { kind: "truncate", table };
  });
const transactions = fc.array(fc.array(change, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 });

function follow(sealer: Sealer, list: readonly (readonly Change[])[], between: () => void = () => undefined): void {
  for (const [i, changes] of list.entries()) {
    sealer.begin({ lsn: BigInt(8 * (i + 1)), xid: BigInt(i + 1), time: i });
    for (const each of changes) sealer.change(each);
    between();
  }
}

describe("events that are sealed together", () => {
  it("are those that are sealed one by one, in the same order, each behind its row's name", () => {
    fc.assert(
      fc.property(transactions, (list) => {
        const [alone, together] = [new Sink(), new Sink()];
        follow(sealerOf(alone), list);
        const sealer = sealerOf(together, () => undefined);
        follow(sealer, list);
        sealer.seal();
        expect(sealer.waits).toBe(false);
        expect(together.events).toEqual(alone.events);
        const namedFirst = (told: readonly Told[]) => {
          const known = new Set<string>();
          return told.every((t) =>
            "event" in t ? t.event.kind !== "create" || known.has(toHex(t.event.row ?? utf8(""))) : known.add(t.row),
          );
        };
        expect(namedFirst(together.told)).toBe(true);
      }),
    );
  });

  it("wait for no more than what arrived in one piece", () => {
    const waiting: (() => void)[] = [];
    const sink = new Sink();
    const sealer = sealerOf(sink, (seal) => void waiting.push(seal));
    const create = (id: number): Change => ({ kind: "create", table: tables[0] as TableSchema, after: texts(id) });
    follow(sealer, [[create(1), create(2)]]);
    expect([sink.events.length, waiting.length, sealer.waits]).toEqual([0, 1, true]);
    waiting.shift()?.();
    expect([sink.events.length, sink.sealedTimes, sealer.waits]).toEqual([2, 1, false]);
    follow(sealer, [Array.from({ length: 200 }, (_, i) => create(i))]);
    expect(sink.events.length).toBeGreaterThan(100); // memory holds a bounded number
  });

  it("are sealed before anybody speaks between transactions, and what is said then at once", () => {
    const sink = new Sink();
    const sealer = sealerOf(sink, () => undefined);
    const [table] = tables as [TableSchema];
    follow(sealer, [[{ kind: "create", table, after: texts(1) }]]);
    sealer.interlude({ lsn: 10n, ordinal: 0 });
    expect(sink.events.map((e) => e.lsn)).toEqual([8n]);
    sealer.read(table, ["1"], { time: 1 });
    expect(sink.events.map((e) => e.kind)).toEqual(["create", "read"]);
  });

  it("take a row that is larger than the memory for many", () => {
    const [alone, together] = [new Sink(), new Sink()];
    const after = [utf8("7"), utf8("1"), new Uint8Array(1_000_000).fill(0x41)];
    const list = [
      [texts(1), after, texts(2)].map((a): Change => ({ kind: "create", table: tables[0] as TableSchema, after: a })),
    ];
    follow(sealerOf(alone), list);
    const sealer = sealerOf(together, () => undefined);
    follow(sealer, list);
    sealer.seal();
    expect(together.events).toEqual(alone.events);
  });

  it("nothing follows an event that could not be handed over", () => {
    const sink = new Sink(3);
    const sealer = sealerOf(sink, () => undefined);
    const changes = [1, 2, 3, 4].map(
      (id): Change => ({ kind: "create", table: tables[0] as TableSchema, after: texts(id) }),
    );
    follow(sealer, [changes]);
    expect(() => sealer.seal()).toThrow("full");
    expect(sink.events).toHaveLength(2);
    expect(() => follow(sealer, [changes])).toThrow("full");
    expect(() => sealer.seal()).toThrow("full");
    expect(sink.events).toHaveLength(2);
  });
});

const texts = (id: number) => [utf8(String(id)), utf8("1"), utf8("note")];

describe("a commitment made in a lot", () => {
  it("is the one that the key gives", () => {
    const sink = new Sink();
    const sealer = sealerOf(sink, () => undefined);
    const [table] = tables as [TableSchema];
    follow(sealer, [[{ kind: "create", table, after: texts(5) }]]);
    sealer.seal();
    const own = rowSealer(native, keyOf("patient\x001"));
    const expected = own.commitment(
      table.handle,
      named.row(table.handle, utf8("5")),
      table.schemaId,
      8n,
      1,
      utf8("5\t1\tnote"),
    );
    expect(sink.events[0]?.commitment).toEqual(expected);
  });
});
