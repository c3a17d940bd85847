/**
 * From changes to event leaves. One sealer follows one stream: it counts the ordinals of a transaction, knows who acts,
 * and writes each event's canonical bytes. What a change becomes is decided here and nowhere else, so that a transaction
 * delivered twice gets the same ordinals twice.
 */
import type { Position } from "@anamnesis/contracts";
import type { Bytes } from "@anamnesis/core";
import type { Handles, RowSealer } from "@anamnesis/crypto";
import type { EventKind } from "@anamnesis/ledger";
import { patientHandle, patientName } from "./audit/patient-handle.ts";
import type { ContradictedRow, ImageWitness, SucceededRow } from "./contradictions/images.ts";
import { sealsDigests } from "./digests/rule.ts";
import { FieldDigests } from "./digests/sealing.ts";
import { referenceTo } from "./index/contradicted.ts";
import { RENEWED } from "./index/record.ts";
import type { Attribution, InterludeSealer } from "./interlude.ts";
import { type EventSink, Lot, type LotCommitment, type LotRow, type Soon } from "./lot.ts";
import { keyOfFields, keyText, RowWriter, rowText, splitRow } from "./postgres/canonical.ts";
import { IDENTITY, isComplete, keyFields, same, type VouchedRow } from "./row-image.ts";
import { RowKeys } from "./row-keys.ts";
import { type Change, type RowImage, type TableSchema, type TransactionStart, UPDATE_ORDINALS } from "./source.ts";
import { type ActorOf, Speaker } from "./speaker.ts";
import { type SubjectSealers, subjectsOf, subjectsOfFields } from "./subject-sealers.ts";

export interface SealerOptions {
  readonly source: string;
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  readonly sink: EventSink;
  /** Events may wait for it, so that many are sealed together. */
  readonly soon?: Soon;
  /** Remembers what an update may leave out. Without it such a row is not vouched for until it is written whole. */
  readonly digests?: FieldDigests;
  /** Asked once for each transaction that names nobody itself. `time` of the commit, µs since 1970. */
  readonly actorOf?: ActorOf;
  readonly witness?: ImageWitness;
}

const NO_TABLE = new Uint8Array(8);

export class Sealer implements InterludeSealer {
  readonly #o: SealerOptions;
  readonly #rows = new RowWriter();
  readonly #keys: RowKeys;
  readonly #digests: FieldDigests;
  readonly #lot: Lot;
  readonly #speaker: Speaker;
  #lsn = 0n;
  #ordinal = 0;
  #events = 0;
  #xid = 0n;
  #time = 0;
  /** Events up to this ordinal of the transaction are on the ledger already: they are counted, not sealed. */
  #skipTo = 0;

  constructor(options: SealerOptions) {
    this.#o = options;
    this.#digests = options.digests ?? NO_MEMORY;
    const { handles, sink, soon } = options;
    this.#keys = new RowKeys(handles);
    this.#lot = new Lot({ handles, sink, soon });
    this.#speaker = new Speaker(handles, sink, options.actorOf);
  }

  /** Whether events wait to be sealed together with others. */
  get waits(): boolean {
    return this.#lot.waits;
  }

  /** Seals what waits. @throws whatever the sink throws: the sealer takes nothing more then. */
  seal(): void {
    this.#lot.seal();
  }

  /** Events of the current transaction so far. */
  get events(): number {
    return this.#events;
  }

  /** Leaves places for what is not captured: another time it may be, and the others keep theirs. */
  pass(ordinals: number): void {
    this.#ordinal += ordinals;
  }

  begin(start: TransactionStart, skipTo = 0): void {
    this.#lot.apart(false);
    this.#lsn = start.lsn;
    this.#xid = start.xid;
    this.#time = start.time;
    this.#ordinal = 0;
    this.#events = 0;
    this.#skipTo = skipTo;
    this.#speaker.begin(false);
  }

  /** The place of the newest event. */
  get position(): Position {
    return { lsn: this.#lsn, ordinal: this.#ordinal };
  }

  /** Goes on behind `place`, between two transactions. Who speaks there looks at what is sealed: so everything is, at once. */
  interlude(place: Position): void {
    this.begin({ lsn: place.lsn, xid: 0n, time: 0 });
    this.#lot.apart(true);
    this.#ordinal = place.ordinal;
    this.#speaker.begin(true);
  }

  read(table: TableSchema, key: readonly string[] | null, who: Attribution): void {
    this.#attribute(who);
    if (this.#next() > 0) this.#add("read", table.handle, key === null ? null : this.#keys.handleOfTexts(table, key));
  }

  readPatient(table: TableSchema, column: string, value: string, who: Attribution): void {
    this.#attribute(who);
    if (this.#next() === 0) return;
    const row = patientHandle(this.#o.handles, table.handle, column, value);
    if (!this.#o.sealers.isErased(value)) this.#o.sink.row(table.handle, row, patientName(column, value));
    this.#add("read", table.handle, row);
  }

  change(change: Change): void {
    switch (change.kind) {
      case "create":
        return this.#stored("create", change.table, change.after);
      case "update":
        if (change.before !== null) this.#show(change.table, change.before);
        return this.#update(change.table, change.before, change.after);
      case "delete":
        this.#show(change.table, change.before);
        return this.#removed(change.table, change.before);
      case "truncate": {
        const ordinal = this.#next();
        if (ordinal === 0) return;
        if (sealsDigests(change.table)) this.#digests.emptied(change.table, this.#at(ordinal));
        return this.#add("truncate", change.table.handle, null);
      }
      case "read":
        if (this.#next() > 0)
          this.#add("read", change.table.handle, this.#keys.handleOfTexts(change.table, change.key));
        return;
      case "actor":
        this.#speaker.says(change.actor, change.purpose);
    }
  }

  /** A row of a snapshot; `row` in COPY form. `skip` is asked with the row's handle. */
  baseline(table: TableSchema, row: Bytes, skip: (row: Uint8Array) => boolean): void {
    const fields = splitRow(row);
    const sealer = this.#o.sealers.of(table, subjectsOfFields(table, fields));
    const keyless = table.keyColumns.length === 0;
    if (keyless && sealer === "erased") return;
    const handle =
      keyless && sealer !== "erased"
        ? sealer.keylessRow(table.handle, row)
        : this.#o.handles.row(table.handle, keyOfFields(fields, table));
    if (skip(handle)) return;
    const name = keyless ? rowText(row) : keyText(keyFields(fields, table), IDENTITY[table.keyColumns.length] ?? []);
    this.vouch("baseline", { table, handle, sealer, row, name });
  }

  /** What follows in this interlude is said by `who`, and seen by whoever sees transaction `xid`. */
  speak(who: Attribution, xid: bigint): void {
    this.#attribute(who);
    this.#xid = xid;
  }

  /** Commits to a row as it is now; `name` is learned where the row may be new. Without a commitment when it is erased. */
  vouch(kind: "baseline" | "accepted", { table, handle, sealer, row, name }: VouchedRow): void {
    const ordinal = this.#next();
    if (ordinal === 0) return;
    if (name !== undefined && sealer !== "erased") this.#o.sink.row(table.handle, handle, name);
    const vouched = sealer === "erased" ? NOT_VOUCHED : this.#vouched(table, handle, sealer, ordinal, row);
    this.#add(kind, table.handle, handle, vouched);
  }

  /** The same for a row that is vouched for already, under other columns. */
  renew(row: VouchedRow): void {
    const { purpose } = this.#speaker;
    this.#speaker.purpose = RENEWED;
    this.vouch("baseline", row);
    this.#speaker.purpose = purpose;
  }

  /** A row ends under this handle. */
  end(kind: "retired" | "accepted", table: Uint8Array, row: Uint8Array): void {
    if (this.#next() > 0) this.#add(kind, table, row);
  }

  /** A later change showed that a row was altered behind capture. */
  contradicted({ table, row, event, xid, time, name }: ContradictedRow): void {
    if (name !== undefined) this.#o.sink.row(table, row, name);
    this.speak({ time, purpose: referenceTo(event) }, xid);
    if (this.#next() > 0) this.#add("contradicted", table, row);
  }

  /** Somebody's key was destroyed: 16 bytes that only the key store can tell apart. */
  erased(subject: Uint8Array): void {
    if (this.#next() > 0) this.#add("erase", NO_TABLE, subject);
  }

  /** A row went on under another handle, as a change showed. */
  succeeded({ table, row, event, xid, time, missing, differs }: SucceededRow): void {
    this.speak({ time, purpose: referenceTo(event) }, xid);
    this.together(3, () => {
      if (differs && this.#next() > 0) this.#add("contradicted", table, row);
      this.end("retired", table, row);
      if (missing !== undefined) this.vanished(missing.table, missing.row);
    });
  }

  /** In an interlude: the events of `work`, `events` at most, are on the ledger together or not at all. */
  together(events: number, work: () => void): void {
    this.#o.sink.together(events, work);
  }

  /** An event about a table's life: `purpose` says which (spec/capture.md). */
  tell(table: Uint8Array, purpose: string | null, schema: Uint8Array | null): void {
    this.#speaker.purpose = purpose;
    if (this.#next() > 0) this.#add("schema", table, null, { schema, commitment: null });
  }

  /** A baseline for a copy of a row without a key that is known to have existed, but not with which bytes. */
  vanished(table: TableSchema, row: Uint8Array): void {
    if (this.#next() > 0) this.#add("baseline", table.handle, row);
  }

  /** An event about the source. */
  note(kind: "gap" | "restored"): void {
    if (this.#next() > 0) this.#add(kind, NO_TABLE, null);
  }

  /** The row that the next event replaces. Where images are not always complete, none is looked at. */
  #show(table: TableSchema, before: RowImage): void {
    const { witness } = this.#o;
    if (witness === undefined || table.identity !== "full") return;
    if (table.keyColumns.length === 0 && !witness.wantsKeyless(table.handle)) return;
    if (!isComplete(before)) return;
    const at = this.#at(this.#ordinal + 1);
    const image = { table, row: this.#rows.row(before), at };
    witness.before(image, at.ordinal <= this.#skipTo, () => this.#removedRow(table, before));
  }

  #update(table: TableSchema, before: RowImage | null, after: RowImage): void {
    const end = this.#ordinal + UPDATE_ORDINALS;
    this.#changed(table, before, after);
    this.#ordinal = end;
  }

  #changed(table: TableSchema, before: RowImage | null, after: RowImage): void {
    if (before !== null && (table.keyColumns.length === 0 || this.#moved(table, before, after))) {
      this.#removed(table, before, true);
      return this.#stored("create", table, after, before);
    }
    return this.#stored("update", table, after);
  }

  /** Whether the key changed: then the row is another one. */
  #moved(table: TableSchema, before: RowImage, after: RowImage): boolean {
    return table.keyColumns.some((index) => !same(before.at(index), after.at(index)));
  }

  /** `former`: the key of the row before, when that was another. */
  #stored(kind: "create" | "update", table: TableSchema, columns: RowImage, former?: RowImage): void {
    const ordinal = this.#next();
    if (ordinal === 0) return;
    const { handle } = table;
    const subjects = subjectsOf(table, columns);
    const sealer = subjects === undefined ? "erased" : this.#o.sealers.of(table, subjects);
    if (table.keyColumns.length === 0) {
      if (sealer === "erased" || !isComplete(columns)) return this.#add(kind, handle, null);
      const bytes = this.#rows.row(columns);
      const row = sealer.keylessRow(handle, bytes);
      if (kind === "create") this.#o.sink.row(handle, row, rowText(bytes));
      return this.#add(kind, handle, row, this.#vouched(table, row, sealer, ordinal, bytes));
    }
    // Names are learned where a row begins; every later event has the same handle. Who is erased has none.
    const name = kind === "create" && sealer !== "erased" ? keyText(columns, table.keyColumns) : undefined;
    if (sealsDigests(table)) {
      const row = this.#keys.handle(table, columns);
      if (row === null) return this.#add(kind, handle, null);
      const was = former === undefined ? null : this.#keys.handle(table, former);
      const vouched = this.#noted(table, row, sealer, ordinal, columns, was);
      if (was !== null) this.#digests.gone(table, was, this.#at(ordinal));
      return this.#add(kind, handle, row, vouched, name);
    }
    const row = this.#lotRow(table, columns);
    if (row === null || sealer === "erased" || !isComplete(columns))
      return this.#add(kind, handle, row, NOT_VOUCHED, name);
    this.#add(kind, handle, row, this.#commitment(table, row, sealer, ordinal, this.#rows.row(columns)), name);
  }

  /** The commitment to a row of which everything is known. */
  #vouched(table: TableSchema, handle: Uint8Array, sealer: RowSealer, ordinal: number, row: Bytes): Vouched {
    const bytes = sealsDigests(table)
      ? this.#digests.complete({ table, handle, sealer, at: this.#at(ordinal) }, row)
      : row;
    return this.#commitment(table, handle, sealer, ordinal, bytes);
  }

  /** The commitment to a row that updates may leave large values out of: with their digests if those are known, else none. */
  #noted(
    table: TableSchema,
    handle: Uint8Array,
    sealer: RowSealer | "erased",
    ordinal: number,
    columns: RowImage,
    was: Uint8Array | null,
  ): Vouched {
    const at = this.#at(ordinal);
    if (sealer === "erased") {
      this.#digests.gone(table, handle, at);
      return NOT_VOUCHED;
    }
    if (isComplete(columns)) return this.#vouched(table, handle, sealer, ordinal, this.#rows.row(columns));
    const bytes = this.#digests.patched({ table, handle, sealer, at }, columns, was ?? handle);
    return bytes === undefined ? NOT_VOUCHED : this.#commitment(table, handle, sealer, ordinal, bytes);
  }

  #commitment(table: TableSchema, row: LotRow, sealer: RowSealer, ordinal: number, bytes: Bytes): Vouched {
    const { handle, schemaId: schema } = table;
    const place = { table: handle, schema, row, lsn: this.#lsn, ordinal };
    return { schema, commitment: this.#lot.commitment(sealer, place, bytes) };
  }

  #at(ordinal: number): Position {
    return { lsn: this.#lsn, ordinal };
  }

  /** `moves`: the row goes on under another key, and takes with it what is known of it. */
  #removed(table: TableSchema, before: RowImage, moves = false): void {
    const ordinal = this.#next();
    if (ordinal === 0) return;
    const { handle } = table;
    if (table.keyColumns.length > 0 && !sealsDigests(table))
      return this.#add("delete", handle, this.#lotRow(table, before));
    const row = this.#removedRow(table, before);
    if (row !== null && !moves && sealsDigests(table)) this.#digests.gone(table, row, this.#at(ordinal));
    this.#add("delete", handle, row);
  }

  #removedRow(table: TableSchema, before: RowImage): Uint8Array | null {
    if (table.keyColumns.length > 0) return this.#keys.handle(table, before);
    const subjects = subjectsOf(table, before);
    const sealer = subjects === undefined ? "erased" : this.#o.sealers.of(table, subjects);
    if (sealer === "erased" || !isComplete(before)) return null;
    return sealer.keylessRow(table.handle, this.#rows.row(before));
  }

  /** The handle, computed with those of other events if it can be. */
  #lotRow(table: TableSchema, columns: RowImage): LotRow | null {
    const key = this.#keys.bytes(table, columns);
    return key && this.#lot.row(table.handle, key);
  }

  #attribute(who: Attribution): void {
    this.#time = who.time;
    this.#speaker.attribute(who);
  }

  /** The place of the event that begins; 0 for one that is on the ledger already. */
  #next(): number {
    const ordinal = ++this.#ordinal;
    this.#events++;
    if (ordinal <= this.#skipTo) return 0;
    this.#speaker.ask(this.#xid, this.#time);
    return ordinal;
  }

  #add(kind: EventKind, table: Uint8Array, row: LotRow | null, vouched = NOT_VOUCHED, name?: string): void {
    this.#lot.add({
      kind,
      source: this.#o.source,
      table,
      row: null,
      schema: vouched.schema,
      commitment: null,
      lsn: this.#lsn,
      ordinal: this.#ordinal,
      xid: this.#xid,
      time: this.#time,
      actor: this.#speaker.actor,
      purpose: this.#speaker.purpose,
      rowFrom: row,
      commitmentFrom: vouched.commitment,
      name,
    });
  }
}

interface Vouched {
  readonly schema: Uint8Array | null;
  readonly commitment: LotCommitment | null;
}
const NOT_VOUCHED: Vouched = { schema: null, commitment: null };
const NO_MEMORY = new FieldDigests({ store: undefined, life: new Uint8Array(8), newest: () => undefined });
