/**
 * Debezium's change event, read strictly: `{before, after, op, source, ts_ms}`, bare, inside `{schema, payload}`, inside
 * `{key, value}`, or as the data of a CloudEvent. What the connectors agree on is documented with Debezium ("Event
 * envelope"); what differs between them is the place in `source`.
 */
import { captureError } from "../errors.ts";
import { columnText, ExactNumber, isObject, type Json, type JsonObject } from "./json.ts";

/** Debezium's mark for a large value that an update left alone. */
const UNAVAILABLE = "__debezium_unavailable_value";
const COLUMNS_MAX = 1600;
const NAME_CHARACTERS_MAX = 256;

/** Columns by name; null = SQL NULL, undefined = not sent because it did not change. */
export type PushedRow = ReadonlyMap<string, string | null | undefined>;

/** What happened to which row. */
export interface RowChange {
  readonly op: "create" | "update" | "delete" | "truncate" | "snapshot";
  /** `schema.table`, or `database.table` where there are no schemas. */
  readonly table: string;
  readonly before: PushedRow | null;
  readonly after: PushedRow | null;
  /** Names of the key columns, when the message brings its key. */
  readonly key: readonly string[] | undefined;
  /** Microseconds since 1970, of the commit as far as the connector knows it. */
  readonly time: number;
}

export interface PushedChange extends RowChange {
  /** Everything in `source` that says which change it was; equal for a change that is delivered again. */
  readonly identity: string;
  /** For comparing within one connector, rising; undefined when this connector has none that we know. */
  readonly place: readonly bigint[] | undefined;
  /** The last row of its table in a snapshot. */
  readonly last: boolean;
}

const OPS: Readonly<Record<string, PushedChange["op"]>> = {
  c: "create",
  u: "update",
  d: "delete",
  t: "truncate",
  r: "snapshot",
};

/**
 * One change; undefined for what Debezium sends besides (tombstones, heartbeats, transaction marks, schema changes).
 * @throws AnamnesisError `capture/malformed-push`
 */
export function readEnvelope(message: Json): PushedChange | undefined {
  if (message === null) return undefined;
  if (!isObject(message)) throw malformed("a message is not an object");
  const { key, value } = unwrap(message);
  if (value === null) return undefined;
  if (!isObject(value)) throw malformed("a message has no envelope");
  const op = value["op"];
  if (op === undefined && !isObject(value["source"])) return undefined;
  if (op === undefined || op === "m") return undefined;
  if (typeof op !== "string" || !Object.hasOwn(OPS, op)) throw malformed("`op` is none of c, u, d, t, r");
  const kind = OPS[op] as PushedChange["op"];
  const source = value["source"];
  if (!isObject(source)) throw malformed("a message has no `source`: which table is it about?");
  const before = rowOf(value["before"], "before");
  const after = rowOf(value["after"], "after");
  needs(kind, before, after);
  return {
    op: kind,
    table: tableOf(source),
    before,
    after,
    key: key === undefined ? undefined : Object.keys(key),
    time: timeOf(source, value),
    identity: identityOf(source, value, op),
    place: placeOf(source),
    last: source["snapshot"] === "last" || source["snapshot"] === "last_in_data_collection",
  };
}

/** The envelope and the key inside whatever wraps them. */
function unwrap(message: JsonObject): { readonly key: JsonObject | undefined; readonly value: Json } {
  if ("specversion" in message) return unwrap({ value: message["data"] ?? null });
  if ("key" in message || ("value" in message && !("op" in message))) {
    const key = payload(message["key"] ?? null);
    return { key: isObject(key) ? key : undefined, value: payload(message["value"] ?? null) };
  }
  return { key: undefined, value: payload(message) };
}

const payload = (value: Json): Json => (isObject(value) && "payload" in value ? (value["payload"] ?? null) : value);

function rowOf(value: Json | undefined, what: string): PushedRow | null {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw malformed(`\`${what}\` is not an object`);
  const names = Object.keys(value).sort();
  if (names.length > COLUMNS_MAX) throw malformed(`\`${what}\` has more than ${COLUMNS_MAX} columns`);
  return new Map(names.map((name) => [name, textOf(value[name] ?? null)]));
}

const textOf = (value: Json): string | null | undefined => (value === UNAVAILABLE ? undefined : columnText(value));

function needs(op: PushedChange["op"], before: PushedRow | null, after: PushedRow | null): void {
  if (op === "truncate") return;
  if (op === "delete" ? before === null : after === null) {
    throw malformed(op === "delete" ? "a delete without `before`: which row was it?" : `an event without \`after\``);
  }
}

function tableOf(source: JsonObject): string {
  const table = source["table"] ?? source["collection"];
  const schema = source["schema"] ?? source["db"];
  const named = (name: Json | undefined): name is string =>
    typeof name === "string" && name.length > 0 && name.length <= NAME_CHARACTERS_MAX;
  if (!named(table) || !named(schema)) throw malformed("`source` does not name schema and table");
  return `${schema}.${table}`;
}

function timeOf(source: JsonObject, value: JsonObject): number {
  const micros = integer(source["ts_us"]);
  if (micros !== undefined) return Number(micros);
  const millis = integer(source["ts_ms"]) ?? integer(value["ts_ms"]);
  if (millis === undefined) throw malformed("an event without a time (`source.ts_ms`)");
  return Number(millis) * 1000;
}

/**
 * Which change it was. Where the place is not known, all of `source` but what says when and by which program it was read.
 * Rows of a snapshot share a place: they differ by the moment of their reading.
 */
function identityOf(source: JsonObject, value: JsonObject, op: string): string {
  if (op === "r") return columnText([op, value["ts_ns"] ?? value["ts_ms"] ?? null, source["lsn"] ?? null]) ?? "";
  const place = placeOf(source);
  if (place !== undefined) return [op, source["connector"], ...place].join(" ");
  const { ts_ms: _ms, ts_us: _us, ts_ns: _ns, version: _version, snapshot: _snapshot, ...rest } = source;
  return `${op}${columnText(rest) ?? ""}`;
}

/** Where known connectors say in which order changes happened. */
function placeOf(source: JsonObject): readonly bigint[] | undefined {
  switch (source["connector"]) {
    case "postgresql":
      return integers(source["lsn"]);
    case "mysql":
    case "mariadb":
      return integers(fileNumber(source["file"]), source["pos"], source["row"]);
    case "sqlserver":
      return integers(hexPlace(source["commit_lsn"]), hexPlace(source["change_lsn"]), source["event_serial_no"]);
    case "oracle":
      return integers(source["scn"]);
    case "mongodb":
      return integers(source["ts_ms"], source["ord"]);
    default:
      return undefined;
  }
}

function integers(...values: readonly (Json | undefined)[]): readonly bigint[] | undefined {
  const all = values.map((value) => integer(value ?? new ExactNumber("0")));
  return all.every((n) => n !== undefined) ? all : undefined;
}

function integer(value: Json | undefined): bigint | undefined {
  const text = value instanceof ExactNumber ? value.text : value;
  return typeof text === "string" && /^\d{1,39}$/.test(text) ? BigInt(text) : undefined;
}

const fileNumber = (file: Json | undefined): Json =>
  typeof file === "string" ? new ExactNumber(/\.(\d+)$/.exec(file)?.[1] ?? "x") : new ExactNumber("x");

/** SQL Server writes `00000027:00000ac0:0002`. */
function hexPlace(value: Json | undefined): Json {
  if (value === undefined || value === null) return new ExactNumber("0");
  const digits = typeof value === "string" && /^[0-9a-f:]{1,32}$/i.test(value) ? value.replaceAll(":", "") : "";
  return new ExactNumber(digits === "" ? "x" : BigInt(`0x${digits}`).toString());
}

/** Messages name no value: those are patients' data. */
const malformed = (message: string) => captureError("capture/malformed-push", message);
