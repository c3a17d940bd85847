/**
 * Looking for misuse at the organisation that owns the source: events of the ledger, names from the local index, facts from
 * the hospital's own database. Nothing of it is written anywhere.
 */
import { openRowIndex, patientOfHandle, RowIdentity, type RowIndexReader, type TableSchema } from "@anamnesis/capture";
import type { Handles } from "@anamnesis/crypto";
import type { LogReader } from "@anamnesis/ledger";
import { Detector, type MisuseReport, parseRules } from "@anamnesis/misuse";
import { type Environment, openAccess, type SourceAccess } from "../access.ts";
import { type Folder, sourceOf } from "../folder/folder.ts";
import { openLog } from "../ledger.ts";
import { tablesOf } from "../sources.ts";
import { eachAccess, type LoggedAccess, type Range } from "./accesses.ts";
import { type FactsFound, loadFacts } from "./facts.ts";
import { openFactsReader } from "./open-reader.ts";
import { checkedKey, patientsOfRows } from "./patients.ts";

export interface MisuseRequest extends Range {
  readonly folder: Folder;
  readonly source: string;
  /** A rules document, parsed; the presets without. */
  readonly rules: unknown;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

export interface Misuse extends MisuseReport {
  readonly source: string;
  /** Size of the log that was looked at. */
  readonly size: number;
  readonly facts: readonly FactsFound[];
  /** Accesses that no rule could look at: nobody was named, or it cannot be told whose row it was. */
  readonly unattributed: number;
  readonly withoutPatient: number;
}

/** Row handle → key text and patient, once per row that was accessed. */
interface KnownRow {
  readonly key: string;
  readonly patient: string;
}

/** @throws AnamnesisError `node/*`, `misuse/*`, `capture/cannot-connect`, `ledger/*` */
export async function misuseOf(request: MisuseRequest): Promise<Misuse> {
  const rules = parseRules(request.rules);
  const { folder, source, env } = request;
  const access = openAccess(folder, source, "read", env);
  const log = await openLog(folder);
  const index = openRowIndex(access.files.index, { source: access.name, readOnly: true });
  try {
    const rows = new AccessedRows(index);
    await eachAccess(log, access, request, request.signal, (_, event) => rows.note(event));
    const { facts, found } = await lookUp(access, rows, sourceOf(folder, source).misuse ?? {});
    const detector = new Detector(facts, rules);
    const seen = await feed(detector, { log, access, index, rows }, request);
    return { ...detector.finish(), source: access.name, facts: found, ...seen };
  } finally {
    index.close();
    await log.close();
    access.close();
  }
}

async function lookUp(access: SourceAccess, rows: AccessedRows, config: Parameters<typeof loadFacts>[1]) {
  const tables = await tablesOf(access);
  const reader = await openFactsReader(access.url);
  try {
    for (const table of tables) {
      const identity = new RowIdentity(table, access.handles, access.sealers);
      const keys = rows.keysOf(table, identity);
      rows.learnPatients(table, access.handles);
      rows.learn(table, await patientsOfRows(reader, table, keys));
    }
    return await loadFacts(reader, config, rows.patients());
  } finally {
    await reader.close();
  }
}

interface Seen {
  readonly size: number;
  readonly unattributed: number;
  readonly withoutPatient: number;
}

async function feed(
  detector: Detector,
  from: {
    readonly log: LogReader;
    readonly access: SourceAccess;
    readonly index: RowIndexReader;
    readonly rows: AccessedRows;
  },
  request: MisuseRequest,
): Promise<Seen> {
  const { log, access, index, rows } = from;
  const names = new Map<string, string>();
  let [unattributed, withoutPatient] = [0, 0];
  const size = await eachAccess(log, access, request, request.signal, (at, event) => {
    const known = rows.of(event);
    if (event.actor === null) unattributed++;
    else if (known === undefined) withoutPatient++;
    else {
      const handle = latin1(event.actor);
      const actor = names.get(handle) ?? index.actorName(event.actor) ?? `#${Buffer.from(event.actor).toString("hex")}`;
      names.set(handle, actor);
      const { time, kind, purpose, table } = event;
      const { key: row, patient } = known;
      detector.add({ index: at, time, kind, actor, purpose, table: index.tableName(table) ?? "", row, patient });
    }
  });
  return { size, unattributed, withoutPatient };
}

/** The rows that were accessed, table by table: memory grows with them and not with the accesses. */
class AccessedRows {
  readonly #index: RowIndexReader;
  readonly #tables = new Map<string, Map<string, Uint8Array>>();
  readonly #known = new Map<string, KnownRow>();
  readonly #handles = new Map<string, readonly (readonly [handle: string, key: string])[]>();

  constructor(index: RowIndexReader) {
    this.#index = index;
  }

  note({ table, row, actor }: LoggedAccess): void {
    if (row === null || actor === null) return;
    const name = latin1(table);
    const rows = this.#tables.get(name) ?? new Map<string, Uint8Array>();
    this.#tables.set(name, rows);
    const handle = latin1(row);
    if (!rows.has(handle)) rows.set(handle, Uint8Array.from(row));
  }

  keysOf(table: TableSchema, identity: RowIdentity): readonly string[] {
    const found: (readonly [string, string])[] = [];
    for (const [handle, row] of this.#tables.get(latin1(table.handle)) ?? []) {
      const id = this.#index.find(table.handle, row);
      const key = id === undefined ? undefined : checkedKey(identity, row, this.#index.keyOf(id));
      if (key !== undefined) found.push([handle, key]);
    }
    this.#handles.set(table.name, found);
    return found.map(([, key]) => key);
  }

  /** Reads of all rows of a patient in a table stand under a handle of their own, which names the patient. */
  learnPatients(table: TableSchema, handles: Handles): void {
    for (const [handle, row] of this.#tables.get(latin1(table.handle)) ?? []) {
      const id = this.#index.find(table.handle, row);
      const key = id === undefined ? undefined : this.#index.keyOf(id);
      const patient = patientOfHandle(handles, table, row, key);
      if (key !== undefined && patient !== undefined) this.#known.set(latin1(table.handle) + handle, { key, patient });
    }
  }

  learn(table: TableSchema, patients: ReadonlyMap<string, string>): void {
    for (const [handle, key] of this.#handles.get(table.name) ?? []) {
      const patient = patients.get(key);
      if (patient !== undefined) this.#known.set(latin1(table.handle) + handle, { key, patient });
    }
    this.#handles.delete(table.name);
    this.#tables.delete(latin1(table.handle));
  }

  patients(): ReadonlySet<string> {
    return new Set([...this.#known.values()].map(({ patient }) => patient));
  }

  of({ table, row }: LoggedAccess): KnownRow | undefined {
    return row === null ? undefined : this.#known.get(latin1(table) + latin1(row));
  }
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
