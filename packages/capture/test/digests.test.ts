import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Position } from "@anamnesis/contracts";
import { codeOf, toHex, utf8 } from "@anamnesis/core";
import { handles, rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { decodeEvent, type Event } from "@anamnesis/ledger";
import { afterAll, describe, expect, it } from "vitest";
import { decodeFields, encodeFields, type KeptField } from "../src/digests/note.ts";
import { rulesOf, sealsDigests, withDigests } from "../src/digests/rule.ts";
import { FieldDigests } from "../src/digests/sealing.ts";
import { type DigestStore, openDigestStore } from "../src/digests/store.ts";
import { openKeyStore } from "../src/keystore.ts";
import { RowWriter } from "../src/postgres/canonical.ts";
import { Sealer } from "../src/sealer.ts";
import type { Change, ColumnSchema, RowImage, TableSchema } from "../src/source.ts";
import { patient, SubjectSealers } from "../src/subject-sealers.ts";
import { fc } from "./arbitraries.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-digests-test-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const named = handles(native, new Uint8Array(32).fill(5));
const keys = openKeyStore({ path: join(dir, "keys.db"), primitives: native });
const sealers = new SubjectSealers(native, keys);
const column = (name: string, large: boolean): ColumnSchema => ({
  ...{ name, modifier: -1, large },
  type: large ? "pg_catalog.text" : "pg_catalog.int4",
});
const columns = [
  column("id", false),
  column("patient_id", false),
  column("a", true),
  column("b", true),
  column("c", true),
];
const table: TableSchema = {
  name: "ward.reports",
  handle: named.table("ward.reports"),
  ...rulesOf(native, columns, "key"),
  ...{ columns, keyColumns: [0], subjectColumns: [1], identity: "key", estimate: 0 },
};

let files = 0;

/** A row as the database has it: id, patient, and three texts of which long ones are stored apart. */
type Row = readonly [number, number, ...string[]];

/** A source that sends what PostgreSQL would send by key, a sealer behind it, and a log that may forget its end. */
class World {
  readonly path = join(dir, `digests-${++files}.db`);
  readonly rows = new Map<number, Row>();
  readonly #sent: Change[] = [];
  readonly #sealed: Event[][] = [];
  #flushed = 0;
  #final = 0;
  #store: DigestStore = openDigestStore(this.path);
  #sealer = this.#start();

  send(change: Change): void {
    this.#sent.push(change);
    this.#seal(this.#sent.length);
  }

  /** The batch leaves: what was noted is durable, and what left earlier has become final. */
  submit(): void {
    this.#final = this.#flushed;
    this.#store.flush();
    this.#flushed = this.#sent.length;
  }

  /** Kill -9: what was noted and not flushed is gone, what is not final comes again. */
  crash(): void {
    this.#store = openDigestStore(this.path);
    this.#sealer = this.#start();
    for (let n = this.#final + 1; n <= this.#sent.length; n++) this.#seal(n);
  }

  lose(): void {
    this.#store = openDigestStore(join(dir, `digests-${++files}.db`));
    this.#sealer = this.#start();
  }

  newest(id: number): Event | undefined {
    const handle = toHex(named.row(table.handle, utf8(String(id))));
    return this.#sealed.flat().findLast((e) => e.row !== null && toHex(e.row) === handle);
  }

  #seal(n: number): void {
    this.#sealed[n - 1] = [];
    const change = this.#sent[n - 1];
    if (change === undefined) return;
    this.#sealer.begin({ lsn: BigInt(8 * n), xid: BigInt(n), time: n });
    this.#sealer.change(change);
  }

  #start(): Sealer {
    const life = new Uint8Array(8).fill(1);
    const digests = new FieldDigests({ store: this.#store, life, newest: (_, row) => this.#newestFinal(row) });
    const event = (leaf: Uint8Array, lsn: bigint) =>
      void this.#sealed[Number(lsn / 8n) - 1]?.push(decodeEvent(leaf.slice()));
    const sink = {
      event,
      row: () => undefined,
      actor: () => undefined,
      together: (_: number, work: () => void) => work(),
    };
    return new Sealer({ source: "ehr", handles: named, sealers, sink, digests });
  }

  #newestFinal(row: Uint8Array): Position | undefined {
    const final = this.#sealed.slice(0, this.#final).flat();
    return final.findLast((e) => e.row !== null && toHex(e.row) === toHex(row));
  }
}

const texts = (row: Row) => row.map((v) => Buffer.from(String(v)));
const isApart = (text: string) => text.length > 300;

/** The new row as the stream sends it: unchanged values that are stored apart are left out. */
function image(before: Row, after: Row): RowImage {
  return texts(after).map((value, i) =>
    i > 1 && before[i] === after[i] && isApart(String(after[i])) ? undefined : value,
  );
}

/** What the newest event of each living row should say. */
function expected(row: Row, event: Event): string {
  const sealer = rowSealer(native, keys.keyOf(patient(String(row[1]))) as Uint8Array);
  const bytes = withDigests(sealer, new RowWriter().row(texts(row)));
  return toHex(sealer.commitment(table.handle, event.row ?? bytes, table.schemaId, event.lsn, event.ordinal, bytes));
}

const text = fc.oneof(
  fc.constantFrom("", "short", "\\N", "tab\there"),
  fc.tuple(fc.constantFrom("x", "é", "\\", "\n"), fc.integer({ min: 200, max: 700 })).map(([c, n]) => c.repeat(n)),
);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("insert" as const),
      id: fc.nat(4),
      patient: fc.nat(2),
      values: fc.tuple(text, text, text),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("update" as const),
      id: fc.nat(4),
      column: fc.nat(2),
      value: fc.option(text),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("rename" as const), id: fc.nat(4), to: fc.integer({ min: 5, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), id: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("submit" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
);
const rarely = fc.oneof(
  { weight: 9, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("patient" as const), id: fc.nat(4), to: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const) }) },
);
type Step = typeof rarely extends fc.Arbitrary<infer T> ? T : never;

function update(world: World, before: Row, after: Row): void {
  const moved = before[0] !== after[0];
  const was: RowImage | null = moved
    ? [Buffer.from(String(before[0])), ...columns.slice(1).map(() => undefined)]
    : null;
  world.rows.delete(before[0]);
  world.rows.set(after[0], after);
  world.send({ kind: "update", table, before: was, after: image(before, after) });
}

function act(world: World, step: Step): void {
  if (step.kind === "submit") return world.submit();
  if (step.kind === "crash") return world.crash();
  if (step.kind === "lose") return world.lose();
  const row = world.rows.get(step.id);
  if (step.kind === "insert") {
    if (row !== undefined) return;
    const made: Row = [step.id, step.patient, ...step.values];
    world.rows.set(step.id, made);
    return world.send({ kind: "create", table, after: texts(made) });
  }
  if (row === undefined) return;
  const changed = [...row] as [number, number, ...string[]];
  if (step.kind === "delete") {
    world.rows.delete(step.id);
    return world.send({
      kind: "delete",
      table,
      before: [Buffer.from(String(step.id)), ...columns.slice(1).map(() => undefined)],
    });
  }
  if (step.kind === "rename") {
    if (world.rows.has(step.to)) return;
    changed[0] = step.to;
  } else if (step.kind === "patient") changed[1] = step.to;
  else if (step.value !== null) changed[2 + step.column] = step.value;
  update(world, row, changed);
}

function misfits(world: World): { readonly wrong: number; readonly unvouched: number } {
  let [wrong, unvouched] = [0, 0];
  for (const row of world.rows.values()) {
    const event = world.newest(row[0]);
    if (event?.commitment === null) unvouched++;
    else if (event === undefined || event.commitment === null || toHex(event.commitment) !== expected(row, event))
      wrong++;
  }
  return { wrong, unvouched };
}

describe("rows whose updates leave large values out", () => {
  it("are vouched for after every sequence of changes and crashes", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const world = new World();
        for (const s of steps) act(world, s);
        expect(misfits(world)).toEqual({ wrong: 0, unvouched: 0 });
      }),
      { numRuns: 60 },
    );
  });

  it("are unvouched and never wrong when their patient changes or the store is lost", () => {
    fc.assert(
      fc.property(fc.array(rarely, { minLength: 5, maxLength: 40 }), (steps) => {
        const world = new World();
        for (const s of steps) act(world, s);
        expect(misfits(world).wrong).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("keep what is noted of a later event while earlier ones are delivered again", () => {
    const world = new World();
    act(world, { kind: "insert", id: 1, patient: 1, values: ["x".repeat(400), "", ""] });
    world.submit();
    world.submit();
    for (const value of ["one", "two", "three"]) act(world, { kind: "update", id: 1, column: 1, value });
    world.submit();
    world.crash();
    expect(misfits(world)).toEqual({ wrong: 0, unvouched: 0 });
  });

  it("are unvouched when the store was put back to an earlier copy", () => {
    const world = new World();
    const long = (c: string) => c.repeat(400);
    act(world, { kind: "insert", id: 1, patient: 1, values: [long("x"), "", ""] });
    const store = openDigestStore(world.path);
    world.submit();
    world.submit();
    const note = openDigestStore(world.path).get(table.handle, named.row(table.handle, utf8("1")));
    act(world, { kind: "update", id: 1, column: 0, value: long("y") });
    world.submit();
    world.submit();
    if (note !== undefined) store.put(table.handle, named.row(table.handle, utf8("1")), note);
    store.close();
    world.crash();
    act(world, { kind: "update", id: 1, column: 1, value: "short" });
    expect(misfits(world)).toEqual({ wrong: 0, unvouched: 1 });
  });
});

describe("the rule", () => {
  it("is that of digests only by key and only where a column may be stored apart", () => {
    const of = (identity: "full" | "key", list: readonly ColumnSchema[]) =>
      sealsDigests({ ...table, columns: list, ...rulesOf(native, list, identity) });
    expect(of("key", columns)).toBe(true);
    expect(of("full", columns)).toBe(false);
    expect(of("key", [column("id", false)])).toBe(false);
  });

  it("leaves rows without long fields as they are and replaces exactly the long ones", () => {
    const sealer = rowSealer(native, new Uint8Array(32).fill(8));
    const field = fc.integer({ min: 250, max: 262 }).map((n) => "f".repeat(n));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom("", "\\N", "a"), field), { minLength: 1, maxLength: 6 }),
        (fields) => {
          const digest = (f: string) => `\\D${toHex(sealer.fieldDigest(utf8(f)))}`;
          const short = fields.map((f) => (f.length > 256 ? digest(f) : f)).join("\t");
          expect(Buffer.from(withDigests(sealer, utf8(fields.join("\t")))).toString()).toBe(short);
        },
      ),
    );
  });
});

describe("a note", () => {
  const fields = fc.uniqueArray(
    fc.tuple(
      fc.nat(65_535),
      fc.record({
        kind: fc.constantFrom("digest" as const, "veiled" as const),
        bytes: fc.uint8Array({ maxLength: 300 }),
      }),
    ),
    { selector: ([n]) => n, maxLength: 5 },
  );

  it("comes back as it was", () => {
    fc.assert(
      fc.property(fields, (list) => {
        const map = new Map<number, KeptField>(list);
        expect(decodeFields(encodeFields(map))).toEqual(map);
      }),
    );
  });

  it("cut off anywhere is refused or is a shorter one, never another error", () => {
    fc.assert(
      fc.property(fields, fc.nat(), (list, at) => {
        const bytes = encodeFields(new Map(list));
        try {
          expect(decodeFields(bytes.subarray(0, at % (bytes.length + 1))).size).toBeLessThanOrEqual(list.length);
        } catch (error) {
          expect(codeOf(error)).toBe("capture/damaged-store");
        }
      }),
    );
  });
});
