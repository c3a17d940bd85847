import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
});
