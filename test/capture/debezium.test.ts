// Pushed changes on their whole way: from the body of a request to events on a real ledger.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { debeziumSource, Inbox, type RowImage, receivePush, type TableSchema } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, eventsOf, kinds, open, sourceHandles } from "./harness.ts";

const RECORDING = readFileSync(
  fileURLToPath(new URL("../../vectors/debezium/postgres-2.7.4.ndjson", import.meta.url)),
  "utf8",
);

let dir: string;
let bench: Bench;
let inbox: Inbox;

const isKnown = (table: TableSchema, row: RowImage): boolean => {
  const key = table.keyColumns.map((index) => Buffer.from(row.at(index) ?? []).toString()).join("\t");
  return bench.index.find(table.handle, sourceHandles.row(table.handle, Buffer.from(key))) !== undefined;
};
const source = () => debeziumSource({ inbox, handles: sourceHandles, primitives: native, isKnown });
const catchUp = () => bench.capture({ source: source(), untilCaughtUp: true, signal: AbortSignal.timeout(20_000) });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-pushed-"));
  bench = await open(dir, "postgres://127.0.0.1:1/none");
  inbox = new Inbox({ path: join(dir, "inbox.db"), keys: {} });
});
afterEach(async () => {
  await bench.close();
  inbox.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("pushed changes", () => {
  it("become events, each once, also when the sender starts over", async () => {
    receivePush(inbox, RECORDING);
    await catchUp();
    const events = await bench.events();
    expect(kinds(eventsOf(events, "public.patients"))).toBe("create create update update create delete create delete");
    expect(kinds(eventsOf(events, "public.notes"))).toBe("create create delete create delete");
    expect(events.filter((e) => e.kind !== "delete").every((e) => e.commitment !== null)).toBe(true);
    receivePush(inbox, RECORDING);
    await catchUp();
    expect((await bench.events()).length).toBe(events.length);
    expect(inbox.waiting).toBe(0);
  });

  it("a new snapshot vouches for no row that is known", async () => {
    receivePush(inbox, RECORDING);
    await catchUp();
    const before = await bench.events();
    const again = RECORDING.split("\n")
      .filter((line) => line.includes('"op":"r"') && line.includes('"table":"patients"'))
      .map((line) => line.replaceAll('"ts_ns":', '"ts_ns":1').replace('"name":null', '"name":"altered"'))
      .concat(
        '{"key":{"id":77},"value":{"op":"r","after":{"id":77},"source":{"schema":"public","table":"patients","ts_ms":9}}}',
      );
    expect(receivePush(inbox, again.join("\n"))).toMatchObject({ accepted: 3 });
    await catchUp();
    const after = (await bench.events()).slice(before.length);
    expect(after.map((e) => e.kind)).toEqual(["create"]);
  });

  it("go on where they were when capture is cut off in the middle", async () => {
    const row = (id: number) =>
      JSON.stringify({
        key: { id },
        value: {
          op: "c",
          after: { id, patient_id: id % 50, note: `note ${id}` },
          source: { connector: "postgresql", schema: "public", table: "visits", lsn: 100 + id, ts_ms: 1 },
        },
      });
    const rows = Array.from({ length: 6000 }, (_, id) => row(id + 1));
    for (let from = 0; from < rows.length; from += 1000) {
      receivePush(inbox, rows.slice(from, from + 1000).join("\n"));
      const stop = new AbortController();
      const running = bench.capture({ source: source(), signal: stop.signal });
      setTimeout(() => stop.abort(), 20);
      await running.catch(() => undefined);
      inbox.close();
      inbox = new Inbox({ path: join(dir, "inbox.db"), keys: {} });
    }
    await catchUp();
    const events = eventsOf(await bench.events(), "public.visits");
    expect(events.length).toBe(6000);
    expect(new Set(events.map((e) => toHex(e.row ?? new Uint8Array()))).size).toBe(6000);
  });
});
