import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { type Event, encodeEvent } from "@anamnesis/ledger";
import { afterAll, describe, expect, it } from "vitest";
import { whoseName } from "../src/erasure/whose.ts";
import { openKeyStore } from "../src/keystore.ts";
import { openProgress } from "../src/progress.ts";
import type { Change, TableSchema } from "../src/source.ts";
import { patient } from "../src/subject-sealers.ts";
import { doubleCapture, table as notes } from "./capture-double.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-erasure-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const table = (n: number, keyColumns: readonly number[], subjectColumns: readonly number[]): TableSchema => ({
  ...{ name: `public.t${n}`, handle: Buffer.alloc(8, n), schemaId: Buffer.alloc(8), keyColumns, subjectColumns },
  columns: ["a", "b", "patient"].map((name) => ({ name, type: "pg_catalog.text", modifier: -1, large: false })),
  ...{ identity: "full", estimate: 0 },
});
const silent = table(1, [0], [2]);
const naming = table(2, [0, 2], [2]);
const keyless = table(3, [], [2]);
const nobodys = table(4, [0], []);
const gone = table(5, [0], [2]);

const isMeant = whoseName({
  tables: [silent, naming, keyless, nobodys],
  isErased: (text) => text === "17" || text === "a|b\tc",
  rows: new Set([99]),
});
const name = (of: TableSchema, key: string, alive = true, id = 1) =>
  isMeant({ id, table: of.handle, row: Buffer.alloc(16), key, alive });

describe("names of rows that go with a patient", () => {
  it.each<[string, boolean, boolean]>([
    ["a part of the key is the id", name(naming, "x|17"), true],
    ["the id stands in another part of the key", name(naming, "17|x"), false],
    ["the id stands in another part of a key that is gone", name(naming, "17|x", false), true],
    ["an escaped part is the id", name(naming, "x|a\\|b\tc"), true],
    ["the key does not name the patient", name(silent, "17"), false],
    ["the database says whose the row is", name(silent, "5", true, 99), true],
    ["nobody can tell whose the row was", name(silent, "5", false), true],
    ["a read names the patient", name(silent, "patient=17", false), true],
    ["a read names somebody else", name(naming, "patient=18", false), false],
    ["a field of a whole row is the id", name(keyless, "x\t\\N\t17"), true],
    ["an escaped field is the id", name(keyless, "x\ty\ta|b\\tc"), true],
    ["no field is the id", name(keyless, "x\ty\t170"), false],
    ["the table is about nobody", name(nobodys, "17", false), false],
    ["a table that is gone had it in its key", name(gone, "x|17"), true],
    ["a table that is gone had another", name(gone, "x|\\q"), false],
  ])("%s", (_what, found, expected) => expect(found).toBe(expected));
});

describe("requests to erase", () => {
  const folder = (): Buffer => Buffer.concat(readdirSync(dir).map((file) => readFileSync(join(dir, file))));

  it("hold the id until they are done, and nothing that mentions it after", () => {
    const progress = openProgress(join(dir, "progress.db"));
    const { erasures, requests } = progress;
    const accepted = requests.ask({ table: "t", key: "x|Ludmila-1", reason: "R", note: "as Ludmila-1 said" });
    requests.settle(accepted, { accepted: 1 });
    const open = requests.ask({ table: "t", key: "other", reason: "R" });
    const id = erasures.ask({ patient: "Ludmila-1", reason: "REQUEST", actor: "operator x" });
    expect(erasures.open()).toEqual([{ id, patient: "Ludmila-1", reason: "REQUEST", actor: "operator x" }]);
    erasures.forget(id, 3);
    expect([erasures.answer(id), erasures.open()[0]?.patient]).toEqual([undefined, undefined]);
    erasures.settle(id);
    expect([erasures.answer(id), erasures.open(), requests.open().map((r) => r.id)]).toEqual([
      { names: 3 },
      [],
      [open],
    ]);
    progress.close();
    expect(folder().includes("Ludmila-1")).toBe(false);
  });

  it("are refused without keeping the id", () => {
    const progress = openProgress(join(dir, "refused.db"));
    const id = progress.erasures.ask({ patient: "Nobody-1", reason: "REQUEST" });
    progress.erasures.refuse(id, { code: "capture/unknown-patient", message: "unknown" });
    expect(progress.erasures.answer(id)).toEqual({ code: "capture/unknown-patient", message: "unknown" });
    expect(progress.erasures.open()).toEqual([]);
    progress.close();
    expect(folder().includes("Nobody-1")).toBe(false);
  });
});

describe("erasing while capture runs", () => {
  const patients: TableSchema = { ...notes, subjectColumns: [0] };
  const create = (id: string): Change => ({
    kind: "create",
    table: patients,
    after: [Buffer.from(id), Buffer.from("x")],
  });
  const update = (id: string): Change => ({ ...create(id), kind: "update", before: null }) as Change;

  async function started(path: string) {
    const { engine, source, index, run, close } = doubleCapture();
    source.tables = async () => [patients];
    const keystore = openKeyStore({ path: join(dir, `${path}.keys`), primitives: native });
    const progress = openProgress(join(dir, `${path}.progress`));
    const stop = new AbortController();
    const scrubbed: boolean[] = [];
    const begin = () =>
      run({
        ...{ keystore, progress, signal: stop.signal },
        scrub: () => scrubbed.push(true) > 1, // somebody reads, at first
      });
    const events = () => engine.events.filter((e) => e.kind !== "schema");
    const has = async (count: number) => {
      await expect.poll(() => events().length, { timeout: 20_000 }).toBe(count);
    };
    const done = async (id: number) => {
      await expect.poll(() => progress.erasures.answer(id), { timeout: 20_000 }).toBeDefined();
      return progress.erasures.answer(id);
    };
    return { events, source, index, keystore, progress, stop, scrubbed, begin, has, done, close };
  }

  it("seals one event that names nobody, and nothing is vouched for afterwards", async () => {
    const { events, source, index, keystore, progress, stop, scrubbed, begin, has, done, close } = await started("one");
    source.commitChanges(16n, create("Ludmila-1"), create("Jan-2"));
    const running = begin();
    await has(2);
    const answer = await done(progress.erasures.ask({ patient: "Ludmila-1", reason: "REQUEST" }));
    expect([answer, scrubbed]).toEqual([{ names: 1 }, [true, true]]);
    const subject = keystore.handleOf(patient("Ludmila-1"));
    expect(events()[2]).toMatchObject({ kind: "erase", table: new Uint8Array(8), purpose: "REQUEST", xid: 0n });
    expect(Buffer.from(events()[2]?.row ?? []).equals(subject)).toBe(true);
    expect(index.erasures()).toMatchObject([{ clean: true }]);
    source.commitChanges(24n, update("Ludmila-1"), update("Jan-2"), create("Ludmila-1"));
    await has(6);
    expect(
      events()
        .slice(3)
        .map((e) => e.commitment === null),
    ).toEqual([true, false, true]);
    expect(await done(progress.erasures.ask({ patient: "Ludmila-1", reason: "AGAIN" }))).toEqual({ names: 0 });
    const unknown = await done(progress.erasures.ask({ patient: "Nobody", reason: "REQUEST" }));
    expect(unknown).toMatchObject({ code: "capture/unknown-patient" });
    expect(events()).toHaveLength(6);
    stop.abort();
    await running;
    expect([index.keyOf(0), index.keyOf(1)]).toEqual([undefined, "Jan-2"]);
    keystore.close();
    progress.close();
    close();
  }, 60_000);

  it("destroys a key that a backup brought back, and forgets the names that came with it", async () => {
    const { source, index, keystore, progress, stop, begin, close } = await started("two");
    keystore.keyOf(patient("Ludmila-1"));
    const key = keystore.keyOf(patient("Jan-2"));
    const names = ["Ludmila-1", "Jan-2"];
    index.learn(names.map((name, n) => ({ table: patients.handle, row: Buffer.alloc(16, n + 1), key: name })));
    const erase = {
      kind: "erase",
      source: "ehr",
      table: Buffer.alloc(8),
      row: keystore.handleOf(patient("Ludmila-1")),
    };
    const nothing = { schema: null, commitment: null, xid: 0n, time: 1, actor: null, purpose: "REQUEST" };
    const leaf = encodeEvent({ ...erase, ...nothing, lsn: 2n, ordinal: 1 } as Event);
    index.apply([{ index: 0, leaf }]);
    const running = begin();
    await expect.poll(() => index.erasures()[0]?.clean, { timeout: 20_000 }).toBe(true);
    expect(source.handler).toBeDefined();
    expect([index.keyOf(0), index.keyOf(1)]).toEqual([undefined, "Jan-2"]);
    expect([keystore.keyOf(patient("Ludmila-1")), keystore.keyOf(patient("Jan-2"))]).toEqual(["erased", key]);
    stop.abort();
    await running;
    keystore.close();
    progress.close();
    close();
  }, 60_000);
});
