/** A table gets another key: whichever batch is the last that becomes final, the next pass completes what it left. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@anamnesis/core";
import { handles } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { decodeEvent, LIMITS } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Batch, Batcher } from "../src/batcher.ts";
import { Contradictions } from "../src/contradictions/contradictions.ts";
import { Judge } from "../src/contradictions/judge.ts";
import { Successions } from "../src/contradictions/successions.ts";
import { rulesOf } from "../src/digests/rule.ts";
import type { RowIndex } from "../src/index/sqlite-index.ts";
import { openRowIndex } from "../src/index/sqlite-index.ts";
import { openKeyStore } from "../src/keystore.ts";
import { layoutChange, layoutOf } from "../src/layout.ts";
import type { EventSink } from "../src/lot.ts";
import { keyTagOf } from "../src/postgres/canonical.ts";
import { KeyedPass } from "../src/rebaseline/keyed.ts";
import { EVERYTHING, type Pass, type PassContext } from "../src/rebaseline/pass.ts";
import { RekeyPass } from "../src/rebaseline/rekey.ts";
import { Sealer } from "../src/sealer.ts";
import type { Change, Identity, TableSchema } from "../src/source.ts";
import { SubjectSealers } from "../src/subject-sealers.ts";
import { Touched } from "../src/touched.ts";
import { RowIdentity } from "../src/verify/row-identity.ts";

const named = handles(native, new Uint8Array(32).fill(4));

function tableOf(identity: Identity, ...keyColumns: readonly number[]): TableSchema {
  const columns = ["id", "code", "text"].map((name, i) => ({
    ...{ name, type: "pg_catalog.text", modifier: -1, large: false, id: i + 1 },
  }));
  return {
    ...keyTagOf(columns, keyColumns),
    ...{ name: "public.notes", id: "7", handle: named.table("public.notes"), ...rulesOf(native, columns, identity) },
    ...{ columns, keyColumns, subjectColumns: [], identity, estimate: 0 },
  };
}

/** Collects what is sealed into batches; those that were closed are `batches`. */
function ledgerOf(filled: number) {
  const batches: Batch[] = [];
  const fail = (error: unknown): never => {
    throw error;
  };
  const batcher = new Batcher({ lsn: 0n, ordinal: 0 }, new Uint8Array(8), (batch) => batches.push(batch), fail);
  const sink: EventSink = {
    event: (leaf, lsn, ordinal) => batcher.add(leaf, lsn, ordinal),
    ...{ row: () => undefined, actor: () => undefined },
    together: (events, work) => batcher.together(events, work),
  };
  return { batches, batcher, sink, fill: (seal: () => void) => Array.from({ length: filled }, seal) };
}

class Place {
  readonly index: RowIndex;
  readonly #dir = mkdtempSync(join(tmpdir(), "anamnesis-rekey-"));
  readonly #keys = openKeyStore({ path: join(this.#dir, "keys.db"), primitives: native });
  readonly #sealers = new SubjectSealers(native, this.#keys);
  #lsn = 10n;
  #next = 1;

  constructor() {
    this.index = openRowIndex(join(this.#dir, "rows.db"), { source: "ehr" });
  }

  close(): void {
    this.index.close();
    this.#keys.close();
    rmSync(this.#dir, { recursive: true });
  }

  /** Seals behind `filled` other events. All of it becomes final, or only the batches closed before the last one. */
  seal(filled: number, whole: boolean, work: (sealer: Sealer) => void): void {
    const { batches, batcher, sink, fill } = ledgerOf(filled);
    const sealer = new Sealer({ source: "ehr", handles: named, sealers: this.#sealers, sink });
    sealer.interlude({ lsn: (this.#lsn += 8n), ordinal: 0 });
    fill(() => sealer.tell(named.table("public.others"), "changed", new Uint8Array(8)));
    work(sealer);
    if (whole) batcher.flush();
    for (const { leaves } of batches) {
      this.index.apply(Array.from(leaves, (leaf) => ({ index: this.#next++, leaf: leaf.slice() })));
      this.#next++;
    }
  }

  renew(table: TableSchema, rows: readonly string[], sealer: Sealer): void {
    for (const row of rows.map((text) => utf8(text))) {
      const identity = new RowIdentity(table, named, this.#sealers);
      const fields = identity.fields(row);
      sealer.renew({ table, handle: identity.keyHandle(fields), sealer: identity.sealer(fields), row });
    }
  }

  /** One pass over the table, whose rows are these. */
  pass(
    former: TableSchema,
    table: TableSchema,
    rows: readonly string[],
    how: { filled: number; whole: boolean },
  ): void {
    const context: PassContext = {
      ...{ primitives: native, handles: named, sealers: this.#sealers, index: this.index, touched: new Touched() },
      successions: { found: () => 0, open: () => 0, move: () => undefined },
    };
    const layouts = [layoutOf(former), layoutOf(table)];
    const pass: Pass =
      table.identity === "full"
        ? new RekeyPass(context, table, layouts, false)
        : new KeyedPass(context, table, { why: "key", layouts, casts: false, since: Number.MAX_SAFE_INTEGER });
    this.seal(how.filled, how.whole, (sealer) => {
      pass.begin(EVERYTHING);
      for (const row of rows) pass.row(utf8(row), sealer);
      while (!pass.finish(sealer)) pass.refresh();
    });
  }

  /** A transaction at position 800, and what it shows of former rows: the kinds of the events told. `again`: the ledger has it. */
  stream(former: TableSchema, table: TableSchema, change: Change, { again }: { again: boolean }): readonly string[] {
    const known = {
      ...{ primitives: native, handles: named, sealers: this.#sealers, index: this.index },
      pending: () => "key" as const,
      layouts: () => [layoutOf(former), layoutOf(table)],
    };
    const [judge, successions] = [new Judge(known), new Successions(known)];
    const witness = new Contradictions({ judge, successions, index: this.index, settledTo: 0n });
    const events: Uint8Array[] = [];
    const sink: EventSink = {
      event: (leaf) => void events.push(leaf.slice()),
      ...{ row: () => undefined, actor: () => undefined, together: (_, work) => work() },
    };
    const sealer = new Sealer({ source: "ehr", handles: named, sealers: this.#sealers, sink, witness });
    const take = () => {
      const leaves = events.splice(0).map((leaf) => ({ index: this.#next++, leaf }));
      this.index.apply(leaves, witness);
      witness.resolve({ lsn: 800n, ordinal: 99 });
      return leaves.map(({ leaf }) => decodeEvent(leaf).kind);
    };
    sealer.begin({ lsn: 800n, xid: 800n, time: 0 }, again ? Number.MAX_SAFE_INTEGER : 0);
    sealer.change(change);
    take();
    const told: string[] = [];
    while (witness.due()) {
      sealer.interlude({ lsn: 802n, ordinal: 0 });
      witness.emit(sealer);
      told.push(...take());
    }
    return told;
  }

  /** The rows that are vouched for under the table's handles, and how many others are. */
  vouched(table: TableSchema, rows: readonly string[]): { readonly own: number; readonly others: number } {
    const view = this.index.view(table.handle, EVERYTHING);
    const identity = new RowIdentity(table, named, this.#sealers);
    const own = new Set<number>();
    for (const row of rows) {
      const fields = identity.fields(utf8(row));
      const sealer = identity.sealer(fields);
      if (sealer === "erased") throw new Error("no key");
      const keyless = table.keyColumns.length === 0;
      const handle = keyless ? sealer.keylessRow(table.handle, utf8(row)) : identity.keyHandle(fields);
      const id = view.locate(handle);
      if (id !== undefined && view.newest(id)?.alive === true) own.add(id);
    }
    let alive = 0;
    this.index.scan({ from: 0, to: this.index.rowCount() }, [view], (id) => {
      const keyless = table.keyColumns.length === 0;
      if (keyless ? view.copies(id) !== 0 : view.newest(id)?.alive === true) alive++;
    });
    return { own: own.size, others: alive - own.size };
  }
}

describe.each([
  ["key in the log", tableOf("key", 0), tableOf("key", 1)],
  ["key in the log, before that none", tableOf("full"), tableOf("key", 0)],
  ["whole rows in the log", tableOf("full", 0), tableOf("full", 1)],
  ["key in the log, from before keys had tags", { ...tableOf("key", 1), keyTag: undefined }, tableOf("key", 1)],
  [
    "whole rows in the log, from before keys had tags",
    { ...tableOf("full", 1), keyTag: undefined },
    tableOf("full", 1),
  ],
  ["whole rows in the log, before that no key", tableOf("full"), tableOf("full", 1, 0)],
  ["whole rows in the log, no key any more", tableOf("full", 0), tableOf("full")],
])("another key: %s", (_, former, table) => {
  it("leaves no row without its own handle, and none under a former one, whatever was lost on the way", () => {
    expect(layoutChange(layoutOf(former), layoutOf(table))).toBe("key");
    const filled = fc.integer({ min: LIMITS.batchEvents - 30, max: LIMITS.batchEvents });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), filled, fc.nat(2), (count, before, renewals) => {
        const rows = Array.from({ length: count }, (_row, i) => `${i}\t${count - 1 - i}\tv${i}`);
        const place = new Place();
        try {
          place.seal(0, true, (sealer) => {
            for (const row of rows) sealer.baseline(former, utf8(row), () => false);
          });
          // As when its columns changed, or somebody accepted it, while it had its key.
          const times = former.keyColumns.length === 0 ? 0 : renewals;
          for (let i = 0; i < times; i++) place.seal(0, true, (sealer) => place.renew(former, rows, sealer));
          place.pass(former, table, rows, { filled: before, whole: false });
          const { own, others } = place.vouched(table, rows);
          expect(own + others).toBe(count);
          place.pass(former, table, rows, { filled: 0, whole: true });
          expect(place.vouched(table, rows)).toEqual({ own: count, others: 0 });
        } finally {
          place.close();
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe.each([
  ["another key", tableOf("full", 0), tableOf("full", 1), { honest: "retired", forged: "contradicted, retired" }],
  ["a key, before that none", tableOf("full"), tableOf("full", 1), { honest: "retired", forged: "contradicted" }],
  [
    "no key any more",
    tableOf("full", 0),
    tableOf("full"),
    { honest: "retired, baseline", forged: "contradicted, retired, baseline" },
  ],
])("a change that tells which row it went on from: %s", (_, former, table, expected) => {
  const image = (row: string) => row.split("\t").map((field) => utf8(field));
  const [before, after] = ["1\t2\tv", "1\t2\tw"];

  it.each([
    ["honest", before],
    ["forged", "1\t2\tforged"],
  ] as const)("tells nothing more when the source delivers it again (%s)", (kind, found) => {
    const place = new Place();
    const change: Change = { kind: "update", table, before: image(found), after: image(after) };
    try {
      place.seal(0, true, (sealer) => {
        sealer.baseline(former, utf8(before), () => false);
        // Another one of the same kind, where there may be.
        if (former.keyColumns.length === 0) sealer.baseline(former, utf8(before), () => false);
        sealer.tell(table.handle, null, former.schemaId);
      });
      expect(place.stream(former, table, change, { again: false }).join(", ")).toBe(expected[kind]);
      expect(place.stream(former, table, change, { again: true })).toEqual([]);
    } finally {
      place.close();
    }
  });
});
