import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "@anamnesis/core";
import { handles } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { type Event, encodeEvent } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Contradictions } from "../src/contradictions/contradictions.ts";
import { BeforeImages } from "../src/contradictions/images.ts";
import { Judge } from "../src/contradictions/judge.ts";
import { Successions } from "../src/contradictions/successions.ts";
import { openRowIndex } from "../src/index/sqlite-index.ts";
import { openKeyStore } from "../src/keystore.ts";
import { acceptPass } from "../src/rebaseline/accept.ts";
import { EVERYTHING } from "../src/rebaseline/pass.ts";
import type { Sealer } from "../src/sealer.ts";
import type { Change, TableSchema } from "../src/source.ts";
import { SubjectSealers } from "../src/subject-sealers.ts";
import { Touched } from "../src/touched.ts";
import { doubleCapture, table } from "./capture-double.ts";

const image = (key: string, text: string | undefined) => [
  Buffer.from(key),
  text === undefined ? undefined : Buffer.from(text),
];
const create = (key: string, text: string): Change => ({ kind: "create", table, after: image(key, text) });
const update = (key: string, from: string | undefined, to: string, of: TableSchema = table): Change => ({
  ...{ kind: "update", table: of, before: image(key, from), after: image(key, to) },
});
const remove = (key: string, text: string): Change => ({ kind: "delete", table, before: image(key, text) });

const named = handles(native, new Uint8Array(32).fill(4));
const rowOf = (key: string): Uint8Array => named.row(table.handle, Buffer.from(key));

/** What is told after these transactions, each at the next position: the text keys of the rows contradicted. */
async function told(...transactions: readonly (readonly Change[])[]): Promise<readonly string[]> {
  const { run, engine, source, close } = doubleCapture();
  for (const [i, changes] of transactions.entries()) source.commitChanges(BigInt(16 + 8 * i), ...changes);
  await run({ untilCaughtUp: true });
  close();
  const rows = new Map(Array.from("abcdef", (key) => [Buffer.from(rowOf(key)).toString("hex"), key]));
  return engine.events
    .filter((e) => e.kind === "contradicted")
    .map((e) => rows.get(Buffer.from(e.row ?? []).toString("hex")) ?? "?");
}

describe("a change whose row is not what was vouched for", () => {
  it("is told, with a reference to the change, its time and its transaction", async () => {
    const { run, engine, source, index, close } = doubleCapture();
    source.commitChanges(16n, create("a", "x"), create("b", "x"));
    source.commitChanges(24n, update("a", "forged", "y"), update("b", "x", "y"));
    await run({ untilCaughtUp: true });
    const [event, ...more] = engine.events.filter((e) => e.kind === "contradicted");
    const id = index.find(table.handle, rowOf("a")) ?? -1;
    const changed = index.eventsOf(id).find((e) => e.kind === "update")?.index;
    expect(more).toEqual([]);
    expect(event).toMatchObject({ lsn: 26n, ordinal: 1, xid: 24n, time: 24, purpose: `event.${changed}` });
    expect([event?.commitment, event?.actor]).toEqual([null, null]);
    expect([...index.contradicted()]).toEqual([[id, { event: changed, time: 24 }]]);
    close();
  });

  it("is told of updates, deletes, moves, and of rows that nobody had spoken of", async () => {
    const moved: Change = { kind: "update", table, before: image("c", "forged"), after: image("d", "forged") };
    const rows = [create("a", "x"), create("b", "x"), create("c", "x")];
    const changes = [
      update("a", "z", "y"),
      remove("b", "z"),
      moved,
      update("e", "planted", "y"),
      remove("f", "planted"),
    ];
    expect(await told(rows, changes)).toEqual(["a", "b", "c", "e", "f"]);
  });

  it("is told of rows that were gone", async () => {
    const truncate: Change = { kind: "truncate", table };
    expect(await told([create("a", "x"), remove("a", "x")], [update("a", "x", "y")])).toEqual(["a"]);
    expect(await told([create("a", "x"), truncate], [remove("a", "x")])).toEqual(["a"]);
  });

  it("is held against the change just before it, however close they follow each other", async () => {
    expect(await told([create("a", "1"), update("a", "1", "2"), update("a", "2", "3"), remove("a", "3")])).toEqual([]);
    expect(await told([create("a", "1"), update("a", "1", "2"), update("a", "1", "3"), update("a", "3", "4")])).toEqual(
      ["a"],
    );
  });

  it("is not told where it cannot be told", async () => {
    const others = { ...table, schemaId: new Uint8Array(8).fill(9) };
    const byKey: TableSchema = { ...table, identity: "key" };
    const keyless: TableSchema = { ...table, keyColumns: [] };
    for (const change of [
      update("a", undefined, "y"),
      update("a", "forged", "y", others),
      update("a", "forged", "y", byKey),
      update("a", "forged", "y", keyless),
    ]) {
      expect(await told([create("a", "x")], [change])).toEqual([]);
    }
  });

  it("is exactly what differs, in any history", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), forged: fc.boolean(), gone: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(3), async (steps, every) => {
        const now = new Map<string, string>();
        const expected: string[] = [];
        const transactions: Change[][] = [[]];
        for (const [i, { key, forged, gone }] of steps.entries()) {
          const text = now.get(key);
          if (text === undefined) transactions.at(-1)?.push(create(key, `v${i}`));
          else {
            if (forged) expected.push(key);
            const before = forged ? `${text}!` : text;
            transactions.at(-1)?.push(gone ? remove(key, before) : update(key, before, `v${i}`));
          }
          if (gone && text !== undefined) now.delete(key);
          else now.set(key, `v${i}`);
          if (i % (every + 1) === 0) transactions.push([]);
        }
        expect(await told(...transactions)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
  }, 30_000);
});

describe("as long as it is not final", () => {
  it("the position of the change is not acknowledged", async () => {
    const { run, engine, source, close } = doubleCapture();
    const stop = new AbortController();
    source.commitChanges(16n, create("a", "x"));
    source.commitChanges(24n, update("a", "forged", "y"));
    const running = run({ signal: stop.signal });
    while (!engine.events.some((e) => e.kind === "update")) await new Promise((resolve) => setImmediate(resolve));
    engine.hold = true;
    await sleep(300);
    expect(engine.events.some((e) => e.kind === "contradicted")).toBe(false);
    expect(source.acknowledged).toBeLessThanOrEqual(24n);
    engine.hold = false;
    while (source.acknowledged < 32n) await sleep(10);
    expect(engine.events.filter((e) => e.kind === "contradicted")).toHaveLength(1);
    stop.abort();
    await running;
    close();
  });
});

function place(heldMax = 10) {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-contradictions-"));
  const index = openRowIndex(join(dir, "rows.db"), { source: "ehr" });
  const sealers = new SubjectSealers(native, openKeyStore({ path: join(dir, "keys.db"), primitives: native }));
  const known = {
    ...{ primitives: native, handles: named, sealers, index },
    ...{ pending: () => undefined, layouts: () => [] },
  };
  const judge = new Judge(known);
  const fresh = (settledTo = 0n) =>
    new Contradictions({ judge, successions: new Successions(known), index, settledTo, heldMax });
  const sealed = (row: Uint8Array, lsn: bigint, text: string) => {
    const sealer = sealers.of(table, []);
    if (sealer === "erased") throw new Error("no key");
    return sealer.commitment(table.handle, row, table.schemaId, lsn, 1, Buffer.from(text));
  };
  const leaf = (kind: Event["kind"], key: string, lsn: bigint, more: Partial<Event> = {}): Uint8Array =>
    encodeEvent({
      ...{
        kind,
        source: "ehr",
        table: table.handle,
        row: rowOf(key),
        schema: table.schemaId,
        lsn,
        ordinal: 1,
        xid: lsn,
      },
      ...{ time: Number(lsn), actor: null, purpose: null, commitment: sealed(rowOf(key), lsn, `${key}\tx`) },
      ...more,
    });
  const close = (): void => {
    index.close();
    rmSync(dir, { recursive: true });
  };
  return { index, sealers, fresh, leaf, close };
}

const at = (lsn: bigint) => ({ lsn, ordinal: 1 });
const before = (lsn: bigint, row: string) => ({ table, row: Buffer.from(row), at: at(lsn) });

describe("many changes of one batch", () => {
  it("are each found to fit or not, and told in their order, those of rows nobody had spoken of among them", () => {
    const kind = fc.constantFrom("honest", "honest", "honest", "forged", "planted", "long");
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 200 }), (kinds) => {
        const { index, fresh, leaf, close } = place(1_000);
        const contradictions = fresh();
        const rows = kinds.map((each, i) => ({ each, key: `k${i}`, lsn: BigInt(4_000 + 8 * i) }));
        const known = rows.filter(({ each }) => each !== "planted");
        const baseline = leaf("schema", "a", 8n, { row: null, schema: null, commitment: null });
        index.apply([baseline, ...known.map(({ key }) => leaf("create", key, 16n))].map(placedAt(1)));
        for (const { each, key, lsn } of rows) {
          // A long one has no room beside others, and is looked at alone.
          const image =
            each === "honest" ? `${key}\tx` : each === "long" ? `${key}\t${"y".repeat(530_000)}` : `${key}\tz`;
          contradictions.before(before(lsn, image), false, () => null);
        }
        const changes = rows.map(({ key, lsn }) => leaf("update", key, lsn));
        index.apply(changes.map(placedAt(2 + known.length)), contradictions);
        const differ = rows.filter(({ each }) => each !== "honest");
        contradictions.resolve(at(1_000_000n));
        expect(contradictions.hold).toBe(differ[0]?.lsn);
        const emitted: Uint8Array[] = [];
        const contradicted = ({ row }: { readonly row: Uint8Array }) => emitted.push(row);
        contradictions.emit({ contradicted, position: at(2_000_000n) } as unknown as Sealer);
        expect(emitted.map((row) => Buffer.from(row))).toEqual(differ.map(({ key }) => Buffer.from(rowOf(key))));
        close();
      }),
      { numRuns: 25 },
    );
  });
});

describe("a contradiction that is told while somebody is about to accept its table", () => {
  it("is accepted with the rows that the slice sees", () => {
    const { index, sealers, leaf, close } = place();
    const nothing = { commitment: null, schema: null };
    index.apply([leaf("create", "a", 16n), leaf("delete", "a", 24n, nothing)].map(placedAt(1)));
    const successions = { found: () => 0, open: () => 0, move: () => undefined };
    const context = { primitives: native, handles: named, sealers, index, touched: new Touched(), successions };
    const pass = acceptPass(context, table, undefined);
    index.apply([leaf("contradicted", "a", 34n, { ...nothing, purpose: "event.2", ordinal: 2 })].map(placedAt(3)));
    pass.begin(EVERYTHING);
    const ended: string[] = [];
    const end = (kind: string, _: Uint8Array, row: Uint8Array) => ended.push(`${kind} ${toHex(row)}`);
    expect(pass.finish({ end } as unknown as Sealer)).toBe(true);
    expect(ended).toEqual([`accepted ${toHex(rowOf("a"))}`]);
    close();
  });
});

describe("what the source delivers again", () => {
  it("is looked at again, behind what is settled, until the ledger has it", () => {
    const { index, fresh, leaf, close } = place();
    index.apply([leaf("create", "a", 16n), leaf("update", "a", 24n), leaf("update", "a", 32n)].map(placedAt(1)));
    const again = (lsn: bigint, row: string, settledTo = 0n) => {
      const contradictions = fresh(settledTo);
      contradictions.before(before(lsn, row), true, () => rowOf("a"));
      return contradictions;
    };
    expect(again(24n, "a\tforged")).toMatchObject({ hold: 24n });
    expect(again(24n, "a\tforged", 25n).due()).toBe(false);
    expect(again(24n, "a\tx").due()).toBe(false);
    expect(again(40n, "a\tforged").due()).toBe(false);
    const reference = { purpose: "event.2", commitment: null, schema: null, ordinal: 2 };
    index.apply([leaf("contradicted", "a", 34n, reference)].map(placedAt(4)));
    expect(again(24n, "a\tforged").due()).toBe(false);
    expect(again(32n, "a\tforged").due()).toBe(true);
    close();
  });
});

describe("more than memory should hold", () => {
  it("is left for the next session, and not acknowledged before", () => {
    const { index, fresh, leaf, close } = place(2);
    const contradictions = fresh();
    for (const [i, key] of ["a", "b", "c"].entries())
      contradictions.before(before(BigInt(40 + 8 * i), `${key}\tforged`), false, () => null);
    const rows = ["a", "b", "c"];
    index.apply(rows.map((key) => leaf("create", key, 16n)).map(placedAt(1)));
    index.apply(rows.map((key, i) => leaf("update", key, BigInt(40 + 8 * i))).map(placedAt(4)), contradictions);
    expect([contradictions.hold, contradictions.mustRepeat]).toEqual([40n, false]);
    const emitted: unknown[] = [];
    contradictions.emit({ contradicted: (row: unknown) => emitted.push(row), position: at(58n) } as unknown as Sealer);
    expect(emitted).toHaveLength(2);
    expect([contradictions.hold, contradictions.due(), contradictions.mustRepeat]).toEqual([40n, false, false]);
    contradictions.final(at(58n));
    expect([contradictions.hold, contradictions.pending(), contradictions.mustRepeat]).toEqual([56n, true, true]);
    close();
  });

  it("closes a batch when large images are on their way", () => {
    const images = new BeforeImages();
    const keep = (bytes: number) => images.keep({ table, row: Buffer.alloc(bytes), at: at(1n) });
    keep(4_194_303);
    expect(images.takeCrowded()).toBe(false);
    keep(1);
    expect([images.takeCrowded(), images.takeCrowded()]).toEqual([true, false]);
  });
});

const placedAt = (from: number) => (leaf: Uint8Array, i: number) => ({ index: from + i, leaf });
