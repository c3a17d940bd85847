import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import { type Event, type EventKind, encodeEvent } from "@anamnesis/ledger";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openRowIndex, type RowIndex } from "../src/index/sqlite-index.ts";
import type { Visibility } from "../src/row-index.ts";
import { Model } from "./row-index-model.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-index-"));
let opened: RowIndex[] = [];
let files = 0;

function open(path = join(dir, `${files++}.db`), readOnly = false): RowIndex {
  const index = openRowIndex(path, { source: "ehr", readOnly });
  opened.push(index);
  return index;
}

afterAll(() => rmSync(dir, { recursive: true }));
afterEach(() => {
  for (const index of opened) index.close();
  opened = [];
});
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));

const TABLES = [Buffer.alloc(8, 1), Buffer.alloc(8, 2)] as const;
const table = (n: number) => TABLES[n % 2] ?? TABLES[0];
/** Rows 0 to 3 share the 52 bits that choose their slot: look-ups must go on to the next one. */
const row = (n: number) => (n < 4 ? Buffer.concat([Buffer.alloc(15, 0xff), Buffer.of(n)]) : Buffer.alloc(16, n));
const ALL: Visibility = { xmin: 2 ** 50, xmax: 2 ** 50, running: new Set() };

function event(kind: EventKind, n: number, more: Partial<Event> = {}): Event {
  const whole = kind === "truncate" || kind === "gap" || kind === "restored";
  const schema = Buffer.alloc(8, 7);
  const commitment = kind === "delete" || kind === "retired" || whole ? null : Buffer.alloc(32, n + 1);
  const base = { kind, source: "ehr", table: table(0), row: whole ? null : row(n), schema, commitment };
  return { ...base, lsn: 100n, ordinal: 1, xid: 5n, time: 1_700_000_000_000_000, actor: null, purpose: null, ...more };
}

const place = (events: readonly Event[], from = 1) => events.map((e, i) => ({ index: from + i, leaf: encodeEvent(e) }));

describe("row index against the model", () => {
  const kinds = fc.constantFrom<EventKind>(
    ...(["baseline", "create", "update", "delete", "read", "truncate", "retired", "accepted"] as const),
  );
  const step = fc.record({
    gone: fc.boolean(),
    kind: kinds,
    table: fc.nat(1),
    row: fc.nat(6),
    xid: fc.nat(8),
    actor: fc.boolean(),
  });
  const visibility = fc.record({ xmin: fc.nat(9), more: fc.nat(9), running: fc.array(fc.nat(9), { maxLength: 3 }) });

  it("sees the same rows, copies and counters whatever happened, also after reopening and from a second reader", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), visibility, fc.nat(20), (steps, v, cut) => {
        const model = new Model();
        const seen: Visibility = { xmin: v.xmin, xmax: v.xmin + v.more, running: new Set(v.running) };
        const events = steps.map((s, i) =>
          event(s.kind, s.row, {
            table: table(s.table),
            xid: s.kind === "baseline" ? 0n : BigInt(s.xid),
            lsn: BigInt(i + 1),
            actor: s.actor ? Buffer.alloc(16, 3) : null,
            purpose: s.gone ? "renewed" : null,
            ...(s.kind === "accepted" && s.gone ? { schema: null, commitment: null } : {}),
          }),
        );
        const placed = place(events);
        for (const [i, e] of events.entries()) model.events.push({ index: i + 1, event: e });
        const path = join(dir, `${files++}.db`);
        const first = open(path);
        first.apply(placed.slice(0, cut));
        first.close();
        opened.pop();
        const index = open(path);
        index.apply(placed); // what was applied before is passed over
        const reader = open(path, true);
        for (const which of [index, reader]) compare(which, model, seen);
        expect(index.appliedTo()).toBe(placed.length === 0 ? 0 : placed.length + 1);
        expect(index.counters().events).toBe(events.length);
        const own = ["baseline", "retired", "accepted"];
        const nobody = events.filter((e) => e.actor === null && !own.includes(e.kind));
        expect(index.counters().unattributed).toBe(nobody.length);
        expect(index.unattributed(1000).map((u) => u.kind)).toEqual(nobody.map((e) => e.kind));
      }),
      { numRuns: 60 },
    );
  });

  function compare(index: RowIndex, model: Model, seen: Visibility): void {
    for (const t of TABLES) {
      const view = index.view(t, seen);
      for (let n = 0; n < 7; n++) {
        const id = view.locate(row(n));
        expect(index.find(t, row(n))).toBe(id);
        const newest = id === undefined ? undefined : view.newest(id);
        const wanted = model.newest(t, row(n), seen);
        expect(newest?.alive).toBe(wanted?.alive);
        if (id === undefined) continue;
        expect(view.last(id)?.index).toBe(wanted?.placed.index);
        expect(view.copies(id)).toBe(model.copies(t, row(n), seen));
        const all = model.events.filter(
          (p) => p.event.row?.every((b, i) => b === row(n)[i]) && t.equals(p.event.table),
        );
        expect(index.eventsOf(id).map((e) => e.index)).toEqual(all.map((p) => p.index));
      }
    }
  }
});

describe("row index", () => {
  it("keeps every field of an event", () => {
    const index = open();
    const e = event("update", 5, {
      lsn: 2n ** 63n - 5n,
      ordinal: 2 ** 32 - 1,
      xid: 2n ** 40n + 3n,
      time: 1_799_999_999_999_999,
      actor: Buffer.alloc(16, 9),
    });
    index.apply([{ index: 2 ** 41 + 7, leaf: encodeEvent(e) }]);
    const id = index.find(e.table, row(5)) ?? -1;
    const { kind, schema, commitment, lsn, ordinal, time, actor } = e;
    const kept = index.view(e.table, ALL).last(id);
    expect(kept).toMatchObject({ index: 2 ** 41 + 7, kind, lsn, ordinal, xid: 2 ** 40 + 3, time });
    expect([kept?.schema, kept?.commitment, kept?.actor].map((b) => Buffer.from(b ?? []))).toEqual([
      Buffer.from(schema ?? []),
      Buffer.from(commitment ?? []),
      Buffer.from(actor ?? []),
    ]);
  });

  it("remembers keys, tables and actors, and a learned row is not yet known", () => {
    const index = open();
    index.learn([{ table: table(0), row: row(1), key: "17|4" }]);
    index.learnTables([{ table: table(0), name: "public.notes" }]);
    index.learnActors([{ actor: Buffer.alloc(16, 3), name: "dr. weber" }]);
    expect(index.known(table(0), row(1))).toBe(false);
    index.apply(place([event("create", 1), event("read", 2)]));
    expect(index.known(table(0), row(1))).toBe(true);
    expect(index.known(table(0), row(2))).toBe(false);
    expect(index.known(table(1), row(1))).toBe(false);
    expect(index.keyOf(index.find(table(0), row(1)) ?? -1)).toBe("17|4");
    expect(index.tableName(table(0))).toBe("public.notes");
    expect(index.actorName(Buffer.alloc(16, 3))).toBe("dr. weber");
    expect(index.unattributed(9)[0]).toMatchObject({ index: 1, key: "17|4", kind: "create" });
  });

  it("lists commits after a position, and forgets those behind the place where the source has another past", () => {
    const index = open();
    const tx = (lsn: bigint, ordinal: number) => event("update", 1, { lsn, xid: lsn, ordinal, time: Number(lsn) });
    const interlude = tx(26n, 1);
    index.apply(
      place([tx(16n, 1), tx(16n, 2), tx(24n, 1), interlude, tx(32n, 1), event("baseline", 2, { lsn: 99n, xid: 0n })]),
    );
    expect(index.recentCommits(16n)).toEqual([
      { lsn: 24n, xid: 24n, time: 24 },
      { lsn: 32n, xid: 32n, time: 32 },
    ]);
    index.apply(place([event("restored", 0, { table: Buffer.alloc(8), lsn: 25n, xid: 0n })], 7));
    expect(index.recentCommits(0n).map((c) => c.lsn)).toEqual([16n, 24n]);
  });

  it("passes over other sources and leaves that are not events, and applies nothing of a call that fails", () => {
    const index = open();
    index.apply([
      { index: 1, leaf: Uint8Array.of(0x84, 0, 1, 1, 0x40) },
      { index: 2, leaf: encodeEvent(event("create", 1, { source: "other" })) },
    ]);
    expect([index.appliedTo(), index.counters().events]).toEqual([3, 0]);
    const broken = encodeEvent(event("create", 2)).slice(0, -3);
    const bad = () => index.apply([...place([event("create", 1)], 3), { index: 4, leaf: broken }]);
    expect(bad).toThrow(expect.objectContaining({ code: "ledger/malformed" }));
    expect([index.appliedTo(), index.counters().rows]).toEqual([3, 0]);
    index.apply(place([event("create", 1)], 3));
    expect(index.find(table(0), row(1))).toBe(0);
    index.skipTo(9);
    index.skipTo(5);
    expect(index.appliedTo()).toBe(9);
  });

  it("finds 140,000 rows again across a merge of the slots, in the writer and in a reader that came before", () => {
    const path = join(dir, `${files++}.db`);
    const index = open(path);
    const reader = open(path, true);
    const many = Array.from({ length: 140_000 }, (_, i) => {
      const handle = Buffer.alloc(16);
      handle.writeUInt32BE(Math.imul(i, 2_654_435_761) >>> 0, 0);
      handle.writeUInt32BE(i, 12);
      return handle;
    });
    for (let i = 0; i < many.length; i += 20_000) {
      index.apply(
        place(
          many.slice(i, i + 20_000).map((handle) => event("baseline", 0, { row: handle })),
          i + 1,
        ),
      );
    }
    reader.refresh();
    for (const which of [index, reader]) {
      const wrong = many.filter((handle, i) => which.find(table(0), handle) !== i);
      expect(wrong.length).toBe(0);
    }
    // Those in the file are known, new ones among them are not, and two of the same slot keep apart.
    const twins = [0, 1].map((n) => Buffer.concat([many[7]?.subarray(0, 15) ?? Buffer.alloc(15), Buffer.of(250 + n)]));
    const offered = [...many.slice(0, 100), ...twins, ...many.slice(-100)];
    index.learn(offered.map((handle) => ({ table: table(0), row: handle, key: "k" })));
    expect(index.rowCount()).toBe(140_002);
    expect(offered.map((handle) => index.find(table(0), handle))).toEqual([
      ...many.slice(0, 100).map((_, i) => i),
      ...[140_000, 140_001],
      ...many.slice(-100).map((_, i) => 139_900 + i),
    ]);
  });

  it("keeps names and events without an actor by the hundred, in order, also while some rows have no name", () => {
    const path = join(dir, `${files++}.db`);
    const index = open(path);
    const handles = Array.from({ length: 700 }, (_, i) => Buffer.from(i.toString(16).padStart(32, "0"), "hex"));
    const learn = (from: number, to: number) =>
      index.learn(handles.slice(from, to).map((row, i) => ({ table: table(0), row, key: `key ${from + i}` })));
    learn(0, 130);
    index.apply(place(handles.slice(0, 600).map((row) => event("create", 0, { row }))));
    learn(100, 700);
    index.apply(place([event("truncate", 0), event("read", 0, { row: handles[3] ?? null })], 601));
    const reader = open(path, true);
    for (const which of [index, reader]) {
      expect(handles.filter((row, i) => which.keyOf(which.find(table(0), row) ?? -1) !== `key ${i}`)).toEqual([]);
      const all = which.unattributed(1_000);
      expect(all.map((u) => u.index)).toEqual(Array.from({ length: 602 }, (_, i) => i + 1));
      expect(all.slice(598).map((u) => [u.kind, u.key])).toEqual([
        ["create", "key 598"],
        ["create", "key 599"],
        ["truncate", undefined],
        ["read", "key 3"],
      ]);
      expect([which.unattributed(5).length, which.unattributed(5, table(1))]).toEqual([5, []]);
    }
  });

  it("keeps every event of a row that changes a hundred times in one call, and none of a call that fails", () => {
    const index = open();
    const changes = Array.from({ length: 100 }, (_, i) => event("update", i % 3, { ordinal: i + 1 }));
    index.apply(place([event("create", 0), event("create", 1), event("create", 2), ...changes], 1));
    const id = index.find(table(0), row(0)) ?? -1;
    expect(index.eventsOf(id).map((e) => e.index)).toEqual([1, ...Array.from({ length: 34 }, (_, i) => 4 + 3 * i)]);
    expect(() =>
      index.apply(place([...changes.slice(0, 7), { ...event("update", 0), table: Buffer.alloc(3) }], 200)),
    ).toThrow();
    index.apply(place(changes.slice(0, 3), 200));
    expect(
      index
        .eventsOf(id)
        .map((e) => e.index)
        .slice(-2),
    ).toEqual([103, 200]);
  });

  it("keeps everything that is written together or nothing of it", () => {
    const path = join(dir, `${files++}.db`);
    const index = open(path);
    const rows = [{ table: table(0), row: row(5), key: "5" }];
    const broken = { index: 2, leaf: encodeEvent(event("create", 6)).fill(0xff, 20, 40) };
    expect(() =>
      index.together(() => {
        index.learn(rows);
        index.apply(place([event("create", 5)]));
        index.apply([broken]);
      }),
    ).toThrow();
    expect([index.rowCount(), index.appliedTo(), index.unattributed(9), index.keyOf(0)]).toEqual([0, 0, [], undefined]);
    index.together(() => {
      index.apply(place([event("create", 5)]));
      index.learn(rows);
      index.skipTo(7);
    });
    const reader = open(path, true);
    expect([reader.rowCount(), reader.appliedTo(), reader.keyOf(0)]).toEqual([1, 7, "5"]);
  });

  it("lists what was accepted, also after the row has gone on, and under which names tables go", () => {
    const index = open();
    const actor = Buffer.alloc(16, 9);
    const gone = event("accepted", 6, { table: table(1), schema: null, commitment: null, purpose: "LOST", time: 8 });
    index.apply(
      place([
        event("accepted", 5, { purpose: "RESTORED", actor, time: 7 }),
        gone,
        event("update", 5),
        event("schema", 0, { row: null, schema: Buffer.alloc(8, 4), commitment: null, purpose: "named" }),
        event("schema", 0, { row: null, table: table(1), commitment: null }),
      ]),
    );
    expect(index.accepted(9)).toEqual({
      events: [
        {
          index: 1,
          table: new Uint8Array(table(0)),
          id: 0,
          time: 7,
          actor: new Uint8Array(actor),
          gone: false,
          reason: "RESTORED",
        },
        { index: 2, table: new Uint8Array(table(1)), id: 1, time: 8, actor: null, gone: true, reason: "LOST" },
      ],
      total: 2,
    });
    expect([index.accepted(1, table(1)).events[0]?.index, index.accepted(0).total]).toEqual([2, 2]);
    expect([...index.bound()]).toEqual([["04".repeat(8), new Uint8Array(table(0))]]);
  });

  it("keeps whose keys were destroyed apart from rows, and forgets the clean mark with the next such event", () => {
    const index = open();
    const subject = Buffer.alloc(16, 3);
    const erase = event("erase", 0, { table: Buffer.alloc(8), row: subject, schema: null, commitment: null });
    index.apply(place([erase, event("create", 1)]));
    expect(index.rowCount()).toBe(1);
    expect(index.erasures()).toEqual([{ subject: new Uint8Array(subject), index: 1, clean: false }]);
    index.setClean(subject, true);
    expect(index.erasures()[0]?.clean).toBe(true);
    index.apply(place([erase], 3));
    expect(index.erasures()).toEqual([{ subject: new Uint8Array(subject), index: 3, clean: false }]);
  });

  it("counts accesses, and knows the time of the newest", () => {
    const path = join(dir, "reads.db");
    const index = open(path);
    expect(index.reads()).toEqual({ total: 0, newest: undefined });
    const ofSource = event("read", 0, { table: Buffer.alloc(8), row: null, time: 9_000 });
    index.apply(place([event("read", 1, { time: 7_000 }), event("read", 2, { time: 5_000, row: null }), ofSource]));
    expect(index.reads()).toEqual({ total: 2, newest: 7_000 });
    expect(open(path, true).reads()).toEqual({ total: 2, newest: 7_000 });
  });

  it("forgets the names that are meant, in the file as well", () => {
    const path = join(dir, "names.db");
    const index = openRowIndex(path, { source: "ehr" });
    const rows = Array.from({ length: 100 }, (_, n) => ({ table: table(0), row: row(n), key: `name ${n} of Ludmila` }));
    for (const each of rows) index.learn([each]);
    index.apply(place([event("create", 7), event("create", 99), event("delete", 99)]));
    const alive: string[] = [];
    const forgotten = index.forgetNames(5, 1_000, (r) => {
      if (r.alive) alive.push(r.key);
      return r.id >= 40 || Buffer.from(r.row).equals(row(7));
    });
    expect([forgotten, alive]).toEqual([61, ["name 7 of Ludmila"]]);
    expect([index.keyOf(6), index.keyOf(7), index.keyOf(99)]).toEqual(["name 6 of Ludmila", undefined, undefined]);
    index.close();
    const file = readFileSync(path);
    const left = rows.map((r) => r.key).filter((key) => file.includes(key));
    expect(left).toEqual(rows.slice(0, 40).flatMap(({ key }, n) => (n === 7 ? [] : [key])));
  });

  it("refuses a file that is not an index", () => {
    const path = join(dir, "rubbish.db");
    writeFileSync(path, "not a database, but long enough to be looked at".repeat(100));
    let code: string | undefined;
    try {
      open(path);
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe("capture/damaged-store");
  });
});
