import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEnvelope } from "../../src/debezium/envelope.ts";
import { columnText, type JsonObject, parseExact } from "../../src/debezium/json.ts";

const source = {
  connector: "postgresql",
  db: "ehr",
  schema: "public",
  table: "patients",
  lsn: 24023128,
  txId: 555,
  ts_ms: 1700000000123,
};
const read = (message: unknown) => readEnvelope(parseExact(JSON.stringify(message)));
const update = {
  before: { id: 1, name: "old" },
  after: { id: 1, name: "new" },
  source,
  op: "u",
  ts_ms: 1700000000999,
};

describe("exact JSON", () => {
  it("keeps the digits of numbers that no JavaScript number holds", () => {
    const value = parseExact('{"id": 9007199254740993, "dose": 1.10, "big": 1e400}');
    const { id = null, dose = null, big = null } = value as JsonObject;
    expect([id, dose, big].map(columnText)).toEqual(["9007199254740993", "1.10", "1e400"]);
  });

  it("gives objects one text, whatever the order of their members", () => {
    const text = (json: string) => columnText(parseExact(json));
    expect(text('{"b": [1.0, null, {"d": true, "c": "x"}], "a": "y"}')).toBe(
      '{"a":"y","b":[1.0,null,{"c":"x","d":true}]}',
    );
  });

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: "small" }), (value) => {
        const text = columnText(parseExact(JSON.stringify({ value })));
        expect(columnText(parseExact(text ?? ""))).toBe(text);
      }),
    );
  });

  it("does not quote the text that it cannot read", () => {
    expect(() => parseExact('{"name": "Ada Lovelace"')).toThrow(
      expect.objectContaining({ code: "capture/malformed-push" }),
    );
    expect(() => parseExact('{"name": "Ada Lovelace"')).not.toThrow(/Ada/);
  });
});

describe("Debezium's envelope", () => {
  it("is the same bare, with a schema, with a key, and as a CloudEvent", () => {
    const bare = read(update);
    expect(bare).toMatchObject({ op: "update", table: "public.patients", time: 1700000000123000, place: [24023128n] });
    expect(read({ schema: { type: "struct" }, payload: update })).toEqual(bare);
    expect(read({ specversion: "1.0", id: "1", data: { payload: update } })).toEqual(bare);
    expect(read({ key: { payload: { id: 1 } }, value: { payload: update } })).toEqual({ ...bare, key: ["id"] });
  });

  it("names a change by its place, not by when it was read", () => {
    const again = read({ ...update, ts_ms: 1, source: { ...source, ts_ms: 1700000000124, snapshot: "false" } });
    expect(again?.identity).toBe(read(update)?.identity);
    expect(read({ ...update, source: { ...source, lsn: 24023129 } })?.identity).not.toBe(read(update)?.identity);
  });

  it("tells a value that was not sent from one that is NULL", () => {
    const row = read({ ...update, after: { id: 1, name: null, note: "__debezium_unavailable_value" } })?.after;
    expect([...(row ?? [])]).toEqual([
      ["id", "1"],
      ["name", null],
      ["note", undefined],
    ]);
  });

  it("passes over tombstones, heartbeats and transaction marks", () => {
    const others = [null, { ts_ms: 1 }, { status: "BEGIN", id: "5" }, { key: { id: 1 }, value: null }];
    expect(others.map(read)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each([
    ["a number", 7],
    ["an unknown operation", { ...update, op: "x" }],
    ["no source", { ...update, source: null }],
    ["no table", { ...update, source: { ...source, table: 7 } }],
    ["no time", { ...update, source: { ...source, ts_ms: null }, ts_ms: null }],
    ["a delete of nothing", { ...update, op: "d", before: null }],
    ["an update to nothing", { ...update, after: null }],
    ["a row that is a list", { ...update, after: [1] }],
  ])("refuses %s", (_, message) => {
    expect(() => read(message)).toThrow(expect.objectContaining({ code: "capture/malformed-push" }));
  });

  it.each([
    ["mysql", { file: "mysql-bin.000007", pos: 120, row: 2 }, [7n, 120n, 2n]],
    [
      "sqlserver",
      { commit_lsn: "00000027:00000ac0:0002", change_lsn: null, event_serial_no: 1 },
      [0x2700000ac00002n, 0n, 1n],
    ],
    ["oracle", { scn: "2122184" }, [2122184n]],
    ["db2", { commit_lsn: "00000027:00000ac0:0002" }, undefined],
    ["mysql", { file: "no number", pos: 1 }, undefined],
  ])("orders the changes of %s", (connector, place, expected) => {
    const { lsn: _, ...rest } = source;
    expect(read({ ...update, source: { ...rest, connector, ...place } })?.place).toEqual(expected);
  });

  it("never throws anything but its own errors", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          readEnvelope(parseExact(text));
        } catch (error) {
          expect(error).toMatchObject({ code: "capture/malformed-push" });
        }
      }),
    );
  });
});
