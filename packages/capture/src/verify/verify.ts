/**
 * Comparing a database with the ledger while both go on working (spec/verify.md). Table by table: snapshot, marker into
 * the source's log, wait until capture has passed the marker, read, compare. Then what the index holds alive and no
 * snapshot showed is missing.
 */
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { toHex } from "@anamnesis/core";
import { type Handles, type Primitives, RowBatch } from "@anamnesis/crypto";
import type { LogReader, SignedCheckpoint } from "@anamnesis/ledger";
import { captureError } from "../errors.ts";
import { formersOf } from "../former.ts";
import { checkSignedCheckpoint } from "../index/from-log.ts";
import type { Layout } from "../layout.ts";
import { formatLsn } from "../postgres/index.ts";
import type { RowId, RowIndexReader, TableView } from "../row-index.ts";
import type { TableSchema } from "../source.ts";
import type { SubjectSealers } from "../subject-sealers.ts";
import { isTableHandles } from "../table-names.ts";
import type { PendingReason } from "../table-notes.ts";
import { acceptedRows } from "./accepted.ts";
import { ContradictedRows } from "./contradicted.ts";
import { coverageOf } from "./coverage.ts";
import { verifyError } from "./errors.ts";
import { openTemporaryIndex, type TemporaryIndex } from "./evidence.ts";
import { Names } from "./names.ts";
import { Findings, type NotCovered, type VerifyMode, type VerifyReport } from "./report.ts";
import { parseKeyText, RowIdentity } from "./row-identity.ts";
import { SeenSet } from "./seen.ts";
import { groupSmall } from "./small.ts";
import type { Rows, TableSnapshot, VerifySource } from "./source.ts";
import { type CheckContext, checkOf, type TableCheck } from "./table-check.ts";

export interface VerifyOptions {
  readonly source: VerifySource;
  readonly log: LogReader;
  /** The local cache. Mode `from-log` takes only names from it, each checked against its handle; it may be absent then. */
  readonly index?: RowIndexReader;
  readonly mode: VerifyMode;
  /** Name of the source and the organisation it belongs to, as in its batches. */
  readonly sourceName: string;
  readonly organisation: string;
  readonly primitives: Primitives;
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  /**
   * Resolves when capture has passed the marker: everything before it is final and in the index. Passing the position
   * `lsn`, which lies at or after the marker, is as good; without a token it is all there is. Rejects when that takes too long.
   */
  readonly waitForBarrier: (token: string | undefined, lsn: bigint, signal: AbortSignal) => Promise<void>;
  /**
   * Layouts that a table had, by capture's notes. With them a row whose columns have changed since is told to be altered where
   * it is; they can add such a finding, never take one away.
   */
  readonly layouts?: (table: Uint8Array) => readonly Layout[];
  /** Tables whose rows capture is going through just now, by hexadecimal handle. Verification waits a while for it. */
  readonly pending?: () => ReadonlyMap<string, PendingReason>;
  /** The longest such wait. Default 10 s; what is pending then is told of the rows concerned. */
  readonly pendingMsMax?: number;
  /** Only this table (`schema.table`), or only the row with this key text in it. */
  readonly table?: string;
  readonly key?: string;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
  /** Findings kept in the lists, over all kinds; the rest is counted. Default 100,000. */
  readonly findings_max?: number;
  /** Folder for the temporary index of mode `from-log`: as large as the row index. Default: the system's. */
  readonly temporaryDir?: string;
}

export type VerifyProgress =
  | { readonly step: "waiting"; readonly table: string }
  | { readonly step: "log"; readonly done: number; readonly size: number }
  | { readonly step: "table"; readonly table: string; readonly rows: number; readonly estimate: number }
  | { readonly step: "missing"; readonly done: number; readonly size: number };

const FINDINGS_MAX = 100_000;
const PENDING_MS_MAX = 10_000;
const PENDING_POLL_MS = 50;
const PROGRESS_ROWS = 8192;
const SCAN_IDS = 8192;

/**
 * @throws AnamnesisError `capture/unknown-table`, `capture/unknown-row`, `capture/malformed-key`, `capture/stopped`,
 *   `ledger/bad-checkpoint`, `ledger/damaged-tile` and what the source and `waitForBarrier` throw: then nothing could be
 *   verified.
 */
export async function verifySource(options: VerifyOptions): Promise<VerifyReport> {
  const temporary =
    options.mode === "from-log" ? openTemporaryIndex(options, options.temporaryDir ?? tmpdir()) : undefined;
  try {
    return await new Verification(options, temporary).run();
  } finally {
    temporary?.close();
  }
}

class Verification {
  readonly #options: VerifyOptions;
  readonly #temporary: TemporaryIndex | undefined;
  readonly #index: RowIndexReader;
  readonly #findings: Findings;
  readonly #context: CheckContext;
  readonly #signal: AbortSignal;
  readonly #checks: TableCheck[] = [];
  /** What was found in tables that are not captured any more: kept apart until it is known whether it can be told. */
  readonly #doubtful: { readonly check: TableCheck; readonly findings: Findings }[] = [];
  /** The one row that is asked for, where it is known. */
  #only: RowId | undefined;
  #checkpoint: SignedCheckpoint | undefined;
  #position: bigint | undefined;
  #notCovered: readonly NotCovered[] = [];
  #rows = 0;

  constructor(options: VerifyOptions, temporary: TemporaryIndex | undefined) {
    const index = temporary?.index ?? options.index;
    if (index === undefined)
      throw captureError("capture/damaged-store", "there is no row index: use the mode from-log");
    this.#options = options;
    this.#temporary = temporary;
    this.#index = index;
    this.#findings = new Findings(options.findings_max ?? FINDINGS_MAX);
    this.#signal = options.signal ?? new AbortController().signal;
    const { handles, sealers, layouts, primitives } = options;
    this.#context = {
      handles,
      sealers,
      names: new Names(index, options.index),
      findings: this.#findings,
      batch: RowBatch.open(),
      seen: new SeenSet(),
      contradicted: new ContradictedRows(),
      formers: (table) => formersOf(primitives, table, layouts?.(table.handle) ?? []),
    };
  }

  async run(): Promise<VerifyReport> {
    const started = performance.now();
    // Which tables capture has met decides what is compared: so it must have begun, and the log comes first.
    await this.#passBarrier("*");
    await this.#waitForPending();
    for (const tables of groupSmall(await this.#chosen())) await this.#verifyTables(tables);
    await this.#verifyReturned();
    if (this.#options.key === undefined) await this.#findMissing();
    if (this.#options.key === undefined || this.#only !== undefined) this.#addContradicted();
    for (const { check, findings } of this.#doubtful) if (!check.lostKey) this.#findings.takeIn(findings);
    if (this.#options.key === undefined) this.#findForgottenTables(await this.#options.source.tables());
    return await this.#report((performance.now() - started) / 1000);
  }

  /** After a change of the catalog capture goes through rows again: until it has, nobody vouches for them. */
  async #waitForPending(): Promise<void> {
    const { pending, pendingMsMax = PENDING_MS_MAX, table, handles } = this.#options;
    const until = performance.now() + pendingMsMax;
    const concerns = () => {
      const all = pending?.() ?? new Map<string, PendingReason>();
      return table === undefined ? all.size > 0 : all.has(toHex(handles.table(table)));
    };
    if (!concerns()) return;
    while (concerns() && performance.now() < until && !this.#signal.aborted) await sleep(PENDING_POLL_MS);
    await this.#passBarrier("*");
  }

  /** A table of the ledger that was away under another name while its turn came: whoever hid it, hid it in vain. */
  async #verifyReturned(): Promise<void> {
    if (this.#options.table !== undefined) return;
    const known = this.#known();
    const verified = new Set(this.#checks.map((c) => toHex(c.handle)));
    for (const table of await this.#chosen()) {
      const handle = toHex(table.handle);
      if (known.has(handle) && !verified.has(handle)) await this.#verifyTable(table);
    }
  }

  /** The tables to compare now; what is not among them is noted. */
  async #chosen(): Promise<readonly TableSchema[]> {
    const { source, sourceName, table: name } = this.#options;
    const coverage = await source.coverage(sourceName);
    const { compared, notCovered } = coverageOf(coverage, this.#known());
    this.#notCovered = notCovered.filter((t) => name === undefined || t.table === name);
    if (name === undefined) return compared;
    const only = compared.filter((t) => t.name === name);
    if (only.length > 0) return only;
    const why = this.#notCovered[0]?.why;
    const message = why === undefined ? "no captured table has this name" : `the table is not captured (${why})`;
    throw verifyError("capture/unknown-table", message, { table: name });
  }

  /**
   * Handles of the tables that capture has met, also without rows. Those are only in the local cache; believing it here
   * can add findings, never take one away.
   */
  #known(): ReadonlySet<string> {
    const tables = [...this.#index.tables(), ...(this.#options.index?.tables() ?? [])];
    return new Set(tables.map((t) => toHex(t.handle)));
  }

  /** In one snapshot if they can be had so, else one by one. */
  async #verifyTables(tables: readonly TableSchema[]): Promise<void> {
    const together = tables.length > 1 ? await this.#options.source.openSmall?.(tables) : undefined;
    if (together !== undefined) return this.#verifySnapshots(together);
    for (const table of tables) await this.#verifyTable(table);
  }

  async #verifyTable(table: TableSchema): Promise<void> {
    const snapshot = await this.#options.source.open(table);
    if (snapshot !== undefined) await this.#verifySnapshots([snapshot]);
  }

  async #verifySnapshots(snapshots: readonly TableSnapshot[]): Promise<void> {
    try {
      await this.#passBarrier(snapshots[0]?.table.name ?? "*");
      for (const snapshot of snapshots) {
        const view = this.#index.view(snapshot.table.handle, snapshot.visibility);
        const check = this.#checkOf(snapshot.table, view);
        await this.#readRows(snapshot, check);
        this.#checks.push(check);
      }
    } finally {
      for (const snapshot of snapshots) await snapshot.close();
    }
  }

  #checkOf(table: TableSchema, view: TableView): TableCheck {
    const pending = this.#options.pending?.().get(toHex(table.handle));
    if (table.identity !== "nothing") return checkOf(table, view, { ...this.#context, ...(pending && { pending }) });
    const findings = new Findings(this.#options.findings_max ?? FINDINGS_MAX);
    const check = checkOf(table, view, { ...this.#context, findings });
    this.#doubtful.push({ check, findings });
    return check;
  }

  /** After this, every event that an open snapshot can see is in the index. */
  async #passBarrier(table: string): Promise<void> {
    this.#options.onProgress?.({ step: "waiting", table });
    const { source, waitForBarrier } = this.#options;
    const token = randomUUID();
    const lsn = await source.barrier(token);
    await waitForBarrier(source.unmarked === true ? undefined : token, lsn, this.#signal);
    this.#position ??= lsn;
    this.#checkpoint = await this.#temporary?.catchUp();
    this.#index.refresh();
    this.#context.contradicted.refresh(this.#index);
    // What the evidence says of names holds for the whole report.
    const { handles } = this.#options;
    if (isTableHandles(handles)) handles.bind(this.#index.bound());
  }

  async #readRows(snapshot: TableSnapshot, check: TableCheck): Promise<void> {
    const { key, onProgress } = this.#options;
    const { name, estimate, keyColumns } = snapshot.table;
    const one = key === undefined ? undefined : oneRow(snapshot.table, key);
    let rows = 0;
    const onRows = (lot: Rows) => {
      const wanted = one?.text === undefined ? lot : only(lot, one.text);
      check.rows(wanted);
      const before = rows;
      rows += wanted.count;
      const told = Math.floor(before / PROGRESS_ROWS) === Math.floor(rows / PROGRESS_ROWS);
      if (!told) onProgress?.({ step: "table", table: name, rows, estimate });
    };
    await snapshot.rows(onRows, keyColumns.length > 0 ? one?.values : undefined, this.#signal);
    check.rowsEnd();
    if (key !== undefined) this.#checkAbsence(snapshot.table, check, key, rows);
    this.#rows += rows;
    onProgress?.({ step: "table", table: name, rows, estimate });
  }

  /** For one row: is it missing, or does nobody know it? */
  #checkAbsence(table: TableSchema, check: TableCheck, key: string, rows: number): void {
    const handle = check.handleOfText(key);
    const id = handle === undefined ? undefined : this.#index.find(table.handle, handle);
    if (id !== undefined) check.indexed(id);
    check.finish();
    this.#only = id;
    const untellable = handle === undefined && table.keyColumns.length === 0;
    if (rows > 0 || untellable || (id !== undefined && check.view.last(id) !== undefined)) return;
    const message = "neither the ledger nor the database has a row with this key";
    throw verifyError("capture/unknown-row", message, { table: table.name });
  }

  /** Of all rows that this report is about, or of one. */
  #addContradicted(): void {
    const row = this.#only;
    const { table, handles, sealers } = this.#options;
    const { names, contradicted } = this.#context;
    const checks = new Map(this.#checks.map((c) => [toHex(c.handle), c.table] as const));
    const compared = (handle: string) => {
      const known = checks.get(handle);
      return known && { name: known.name, identity: new RowIdentity(known, handles, sealers) };
    };
    const only = {
      ...(table !== undefined && { table: toHex(handles.table(table)) }),
      ...(row !== undefined && { row }),
    };
    contradicted.addUntold({ index: this.#index, names, findings: this.#findings, compared }, only);
  }

  /** One pass over the index for all tables, each as its own snapshot saw it. */
  async #findMissing(): Promise<void> {
    const byView = new Map<TableView, TableCheck>(this.#checks.map((c) => [c.view, c]));
    const views = [...byView.keys()];
    const size = this.#index.rowCount();
    for (let from = 0; from < size; from += SCAN_IDS) {
      this.#throwIfStopped();
      const range = { from, to: from + SCAN_IDS, done: this.#context.seen };
      this.#index.scan(range, views, (id, view) => byView.get(view)?.indexed(id));
      this.#options.onProgress?.({ step: "missing", done: Math.min(from + SCAN_IDS, size), size });
      await setImmediate();
    }
    for (const check of this.#checks) check.finish();
  }

  /** Tables with living rows that were dropped, or that are not captured any more: one finding for each. */
  #findForgottenTables(all: readonly TableSchema[]): void {
    const { table: only, handles } = this.#options;
    const refused = new Set(this.#notCovered.filter((t) => t.why !== "new").map((t) => toHex(handles.table(t.table))));
    const verified = new Set(this.#checks.map((c) => toHex(c.handle)).filter((handle) => !refused.has(handle)));
    const existing = new Map(all.map((t) => [toHex(t.handle), t.name]));
    const everything = { xmin: Number.MAX_SAFE_INTEGER, xmax: Number.MAX_SAFE_INTEGER, running: new Set<number>() };
    const known = this.#index.tables().map((t) => ({ ...t, id: toHex(t.handle) }));
    const wanted = only === undefined ? undefined : toHex(handles.table(only));
    const forgotten = known.filter((t) => !verified.has(t.id) && (wanted === undefined || t.id === wanted));
    const views = new Map(forgotten.map((t) => [this.#index.view(t.handle, everything), t]));
    const range = { from: 0, to: views.size === 0 ? 0 : this.#index.rowCount() };
    this.#index.scan(range, [...views.keys()], (id, view) => {
      const table = views.get(view);
      if (table === undefined || view.newest(id)?.alive !== true) return;
      views.delete(view);
      const name = existing.get(toHex(table.handle));
      this.#findings.add(name === undefined ? "missing" : "unvouched", () => ({
        table: name ?? this.#context.names.table(table.handle),
        key: "*",
        lastEvent: this.#context.names.lastEvent(view.last(id)),
      }));
    });
  }

  async #report(seconds: number): Promise<VerifyReport> {
    const { log, mode, primitives } = this.#options;
    const checkpoint = this.#checkpoint ?? (await log.checkpoint());
    checkSignedCheckpoint(primitives, log, checkpoint);
    const { lists, totals } = this.#findings;
    return {
      rows: this.#rows,
      ...lists,
      notCovered: this.#notCovered,
      totals,
      unattributed: this.#unattributed(),
      accepted: acceptedRows(this.#index, this.#context, this.#checks, this.#options.table),
      mode,
      position: this.#position === undefined ? null : this.#positionText(this.#position),
      checkpoint: { origin: checkpoint.origin, size: checkpoint.size, root: toHex(checkpoint.root) },
      seconds: Math.round(seconds * 1000) / 1000,
    };
  }

  #positionText(position: bigint): string {
    const { source } = this.#options;
    return source.formatPosition === undefined ? formatLsn(position) : source.formatPosition(position);
  }

  #unattributed(): number {
    const name = this.#options.table;
    if (name === undefined) return this.#index.counters().unattributed;
    const handle = toHex(this.#options.handles.table(name));
    return this.#index.tables().find((t) => toHex(t.handle) === handle)?.unattributed ?? 0;
  }

  #throwIfStopped(): void {
    if (this.#signal.aborted) throw captureError("capture/stopped", "stopped while verifying");
  }
}

/** Those of the rows that are this one. */
function only({ bytes, places, count }: Rows, text: Buffer): Rows {
  const wanted: number[] = [];
  for (let i = 0; i < count; i++) {
    const [from = 0, to = 0] = places.subarray(2 * i, 2 * i + 2);
    if (text.equals(bytes.subarray(from, to))) wanted.push(from, to);
  }
  return { bytes, places: Int32Array.from(wanted), count: wanted.length / 2 };
}

/** A row by its key text: the key columns' values, or the whole row where there is no key. */
function oneRow(table: TableSchema, key: string): { readonly values: readonly string[]; readonly text?: Buffer } {
  if (table.keyColumns.length === 0) return { values: [], text: Buffer.from(key) };
  const values = parseKeyText(key).filter((part) => part !== null);
  if (values.length === table.keyColumns.length) return { values };
  const message = `the key has ${values.length} parts, the table's has ${table.keyColumns.length}: join them by "|"`;
  throw verifyError("capture/malformed-key", message, { table: table.name });
}
