import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Inbox } from "../../src/debezium/inbox.ts";
import { receivePush } from "../../src/debezium/receive.ts";

let dir: string;
let inbox: Inbox;
const open = () => new Inbox({ path: join(dir, "inbox.db"), keys: { "public.patients": ["id"] } });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-inbox-"));
  inbox = open();
});
afterEach(() => {
  inbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const message = (id: number, lsn: number, op = "u", table = "patients"): string =>
  JSON.stringify({
    before: op === "d" ? { id, name: `Patient ${id}` } : null,
    after: op === "d" ? null : { id, name: `Patient ${id} ${lsn}` },
    source: { connector: "postgresql", schema: "public", table, lsn, ts_ms: 1700000000000 + lsn },
    op,
  });

describe("the inbox of pushed changes", () => {
  it("takes each change once, however often it is sent", () => {
    const body = `[${message(1, 10, "c")}, ${message(2, 11, "c")}, ${message(1, 12)}]`;
    expect(receivePush(inbox, body)).toEqual({ accepted: 3, duplicates: 0, ignored: 0 });
    expect(receivePush(inbox, body)).toEqual({ accepted: 0, duplicates: 3, ignored: 0 });
    inbox.close();
    inbox = open();
    expect(receivePush(inbox, `${message(1, 12)}\n${message(1, 13)}\n`)).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(inbox.read(0, 10).map((e) => [e.sequence, e.change.op])).toEqual([
      [1, "create"],
      [2, "create"],
      [3, "update"],
      [4, "update"],
    ]);
  });

  it("takes no older change of a row behind a newer one", () => {
    receivePush(inbox, message(1, 20));
    expect(receivePush(inbox, message(1, 19))).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(receivePush(inbox, message(2, 19))).toMatchObject({ accepted: 1 });
  });

  it("gives back what it took, with NULL and what was not sent", () => {
    const after = { id: 7, name: null, note: "__debezium_unavailable_value" };
    receivePush(inbox, JSON.stringify({ ...JSON.parse(message(7, 1)), after }));
    const [row] = inbox.read(0, 1);
    expect([...(row?.change.after ?? [])]).toEqual([
      ["id", "7"],
      ["name", null],
      ["note", undefined],
    ]);
    expect(row?.change.key).toEqual(["id"]);
  });

  it("takes a request whole or not at all", () => {
    const bad = message(1, 5, "u", "no_key_here");
    expect(() => receivePush(inbox, `[${message(1, 4)}, ${bad}]`)).toThrow(
      expect.objectContaining({ code: "capture/push-needs-key" }),
    );
    expect(() => receivePush(inbox, `[${message(1, 4)}, {"op": "u"}]`)).toThrow(
      expect.objectContaining({ code: "capture/malformed-push" }),
    );
    expect(inbox.waiting).toBe(0);
    expect(receivePush(inbox, message(1, 4))).toMatchObject({ accepted: 1 });
  });

  it("forgets what is final, also on the disk, and counts on", () => {
    receivePush(inbox, message(1, 1, "c"));
    inbox.release(2);
    const incarnation = inbox.incarnation;
    inbox.close();
    const bytes = readFileSync(join(dir, "inbox.db"));
    expect(bytes.includes("Patient 1")).toBe(false);
    inbox = open();
    expect([inbox.waiting, inbox.released, inbox.end]).toEqual([0, 2, 2]);
    expect(inbox.incarnation).toEqual(incarnation);
    receivePush(inbox, message(1, 2));
    expect(inbox.read(0, 10).map((e) => e.sequence)).toEqual([2]);
  });

  // Recorded from Debezium 2.7.4 (PostgreSQL connector, JSON without schemas) over the statements in the test's comment.
  it("takes in what a real Debezium sends", () => {
    // Snapshot: patients 9007199254740993 and 2, notes ('first', 1) twice. Then: update 2 with 6,000 characters; update 2
    // leaving them alone; insert 3, key 3 → 4, delete 4 in one transaction; update and delete of one note each.
    const file = new URL("../../../../vectors/debezium/postgres-2.7.4.ndjson", import.meta.url);
    const body = readFileSync(fileURLToPath(file), "utf8");
    expect(receivePush(inbox, body)).toEqual({ accepted: 12, duplicates: 0, ignored: 3 });
    expect(receivePush(inbox, body)).toEqual({ accepted: 0, duplicates: 12, ignored: 3 });
    const changes = inbox.read(0, 100).map((event) => event.change);
    expect(changes.map(({ op, table }) => `${op} ${table}`)).toEqual([
      ...["snapshot public.patients", "snapshot public.patients", "snapshot public.notes", "snapshot public.notes"],
      ...["update public.patients", "update public.patients", "create public.patients", "delete public.patients"],
      ...["create public.patients", "delete public.patients", "update public.notes", "delete public.notes"],
    ]);
    expect(changes[0]?.after?.get("id")).toBe("9007199254740993");
    expect(changes[0]?.after?.get("doc")).toBe('{"a": null, "b": 1.10}');
    expect(changes[0]?.after?.get("tags")).toBe('["a",null,"b,c"]');
    expect(changes[5]?.after?.has("big")).toBe(true);
    expect(changes[5]?.after?.get("big")).toBeUndefined();
    const next =
      '{"key":null,"value":{"op":"r","after":{"t":"first","n":1},"source":{"schema":"public","table":"notes","ts_ms":9}}}';
    expect(receivePush(inbox, next)).toMatchObject({ accepted: 0, duplicates: 1 });
  });
});
