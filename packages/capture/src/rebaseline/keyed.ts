/**
 * Rows of a table with a key. A row is vouched for under the table's present columns when it is what was last vouched for
 * under former ones; and, in a first baseline, when nothing was ever said of it. A row that differs is left as it is:
 * it stays a finding.
 */
import type { Bytes } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import type { EventKind } from "@anamnesis/ledger";
import { ruleOf } from "../digests/rule.ts";
import type { Former } from "../former.ts";
import { tellsContent } from "../index/record.ts";
import type { Layout } from "../layout.ts";
import { keyOfFields, splitRow } from "../postgres/canonical.ts";
import type { RowId } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import type { TableSchema } from "../source.ts";
import type { PendingReason } from "../table-notes.ts";
import { SeenSet } from "../verify/seen.ts";
import { IndexWalk } from "./index-walk.ts";
import { type Pass, type PassContext, TablePass } from "./pass.ts";

/** With more rows than this in the balance nothing is said. */
const BALANCE_MAX = 10_000;

/** A row that begins with one of these was there before, in a table that was gone through once. */
const GOES_ON: ReadonlySet<EventKind> = new Set(["update", "delete", "baseline"]);
const ENDS: ReadonlySet<EventKind> = new Set(["delete", "retired"]);

export class KeyedPass extends TablePass implements Pass {
  readonly #why: PendingReason;
  readonly #since: number;
  /** Rows that were met, and those that ended under a former key. */
  readonly #met = new SeenSet();
  readonly #ended = new SeenSet();
  readonly #leftOver: RowId[] = [];
  /** Rows with events on their way, where each must be met. */
  #waiting: Bytes[] = [];
  /** Lives that went on from others, less those that ended for it; and more of the latter, by this pass. */
  #wentOn = 0;
  #told = 0;
  #walk: IndexWalk | undefined;

  constructor(
    context: PassContext,
    table: TableSchema,
    how: {
      readonly why: PendingReason;
      readonly layouts: readonly Layout[];
      readonly casts: boolean;
      /** Events from this index of the log on know of the table's key. */
      readonly since: number;
    },
  ) {
    super(context, table, how.layouts, how.casts);
    this.#why = how.why;
    this.#since = how.since;
  }

  row(bytes: Bytes, sealer: Sealer): void {
    const row = this.plain(bytes);
    const fields = this.identity.fields(row);
    const handle = this.identity.keyHandle(fields);
    const id = this.now.locate(handle);
    if (this.context.touched.has(this.table.handle, handle)) {
      if (this.#why === "key") this.#waiting.push(Buffer.from(bytes));
      return;
    }
    const own = this.identity.sealer(fields);
    const newest = id === undefined ? undefined : this.newest(id);
    if (this.#why === "key") return this.#follow(handle, id, bytes, row, own, sealer);
    if (id === undefined || newest === undefined) return this.#unknown(handle, row, own, sealer);
    this.#met.add(id);
    const present = newest !== "newer" && newest.alive ? newest : undefined;
    if (present !== undefined && own !== "erased" && this.#mustRenew(present, handle, bytes, row, own)) {
      sealer.renew({ table: this.table, handle, sealer: own, row });
    }
  }

  ready(): boolean {
    return this.#waiting.length === 0 || this.#waiting.some((bytes) => !this.#isTouched(bytes));
  }

  #isTouched(bytes: Bytes): boolean {
    const handle = this.identity.keyHandle(this.identity.fields(this.plain(bytes)));
    return this.context.touched.has(this.table.handle, handle);
  }

  /**
   * Rows that were changed or deleted under their new key before they were met here went on from rows that are still alive under
   * their former key, and which ones nobody can tell any more. When there are as many of the one as of the other, it is
   * those; otherwise nothing is said, and what is left over stays a finding. Only what the slice sees counts: the others were met.
   */
  finish(sealer: Sealer): boolean {
    if (this.#why !== "key") return true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.row(bytes, sealer);
    if (this.#waiting.length > 0) return false;
    this.#walk ??= new IndexWalk(this.context.index, this.seen);
    if (!this.#walk.next((id) => this.#weigh(id))) return false;
    if (this.#leftOver.length !== this.#wentOn - this.#told || this.#leftOver.length > BALANCE_MAX) return true;
    for (const id of this.#leftOver) sealer.end("retired", this.table.handle, this.context.index.handleOf(id).row);
    return true;
  }

  #weigh(id: RowId): void {
    const last = this.seen.last(id);
    if (last === undefined) return;
    const left = this.#met.has(id) || this.#ended.has(id) ? 0 : this.#leftOf(id);
    for (let i = 0; i < left && this.#leftOver.length <= BALANCE_MAX; i++) this.#leftOver.push(id);
    if (last.index < this.#since) return;
    let alive = false;
    for (const { kind, index } of this.context.index.eventsOf(id)) {
      if (index > last.index) break;
      if (index >= this.#since) this.#wentOn += kind === "retired" ? -1 : !alive && GOES_ON.has(kind) ? 1 : 0;
      if (tellsContent(kind)) alive = !ENDS.has(kind);
    }
  }

  #leftOf(id: RowId): number {
    const wasKeyless = this.formers.some((f) => f.layout.keyColumns.length === 0);
    if (wasKeyless) return this.copies.of(id) - this.copies.met(id);
    return this.seen.newest(id)?.alive === true ? 1 : 0;
  }

  /** Whether the event vouches for the row, but not under the columns that the table has now. */
  #mustRenew(
    newest: Parameters<TablePass["holds"]>[0],
    handle: Uint8Array,
    bytes: Bytes,
    row: Bytes,
    own: RowSealer,
  ): boolean {
    const isPresent = newest.schemaAt >= 0 && ruleOf(this.table, newest.bytes, newest.schemaAt) !== undefined;
    if (isPresent && (this.#why !== "labels" || this.holds(newest, handle, row, own))) return false;
    return this.held(newest, handle, bytes, row, own);
  }

  #unknown(handle: Uint8Array, row: Bytes, own: RowSealer | "erased", sealer: Sealer): void {
    if (this.#why !== "first") return;
    sealer.vouch("baseline", { table: this.table, handle, sealer: own, row, name: this.identity.text(row) });
  }

  /**
   * The table's key is another one: what is known of the row may stand under former handles, and what is newest holds. Where
   * that is under a former one, the row must be as it was vouched for there, and is vouched for under its own.
   */
  #follow(
    handle: Uint8Array,
    id: RowId | undefined,
    bytes: Bytes,
    row: Bytes,
    own: RowSealer | "erased",
    sealer: Sealer,
  ): void {
    if (id !== undefined) this.#met.add(id);
    const newest = id === undefined ? undefined : this.newest(id);
    const isNewer = newest === "newer";
    const isPresent = newest !== undefined && !isNewer && newest.alive;
    const since = !isNewer && isPresent && id !== undefined ? (this.now.last(id)?.index ?? -1) : -1;
    const formers = this.#formerRows(handle, bytes, row);
    const truth = isNewer ? undefined : formers.find((f) => f.index > since);
    if (truth !== undefined && !this.#isAsVouched(truth, bytes, row, own)) return;
    if (truth === undefined && isPresent && own !== "erased" && id !== undefined) {
      const present = this.now.newest(id);
      if (present !== undefined && this.#mustRenew(present, handle, bytes, row, own))
        sealer.renew({ table: this.table, handle, sealer: own, row });
    }
    sealer.together(formers.length + 1, () => {
      for (const former of formers) {
        if (former.keyless) this.copies.meet(former.id);
        else this.#ended.add(former.id);
        const { row: ended } = this.context.index.handleOf(former.id);
        sealer.end("retired", this.table.handle, ended);
        this.context.successions.move(ended, sealer.position);
      }
      if (truth === undefined) return;
      const vouched = { table: this.table, handle, sealer: own, row, name: this.identity.text(row) };
      if (isPresent) sealer.renew(vouched);
      else sealer.vouch("baseline", vouched);
    });
    const began = id !== undefined && this.seen.newest(id)?.alive === true ? 0 : 1;
    if (formers.length > 0) this.#told += formers.length - began;
  }

  /** What is alive of the row under former handles, the newest first; of copies without a key one, where there is nothing else. */
  #formerRows(handle: Uint8Array, bytes: Bytes, row: Bytes): readonly FormerRow[] {
    const found = new Map<RowId, FormerRow>();
    for (const former of this.formers) {
      if (former.layout.keyColumns.length === 0) continue;
      const id = this.#formerId(former, bytes, handle);
      const last = id === undefined || this.#ended.has(id) ? undefined : this.newest(id);
      if (id === undefined || last === undefined || last === "newer" || !last.alive) continue;
      const { row: before } = this.context.index.handleOf(id);
      if (this.context.touched.has(this.table.handle, before) || this.context.successions.open(before) > 0) continue;
      found.set(id, { id, index: this.now.last(id)?.index ?? -1, keyless: false });
    }
    if (found.size > 0) return [...found.values()].toSorted((a, b) => b.index - a.index);
    const copy = this.#formerCopy(bytes, row);
    return copy === undefined ? [] : [{ id: copy, index: this.now.last(copy)?.index ?? -1, keyless: true }];
  }

  #isAsVouched({ id, keyless }: FormerRow, bytes: Bytes, row: Bytes, own: RowSealer | "erased"): boolean {
    if (keyless || own === "erased") return true;
    const newest = this.now.newest(id);
    const { row: before } = this.context.index.handleOf(id);
    return newest !== undefined && this.held(newest, before, bytes, row, own);
  }

  #formerId(former: Former, bytes: Bytes, handle: Uint8Array): RowId | undefined {
    const fields = splitRow(this.former(former, bytes));
    const before = this.context.handles.row(this.table.handle, keyOfFields(fields, former.layout));
    return Buffer.from(before).equals(handle) ? undefined : this.now.locate(before);
  }

  /** A copy of the row from when the table had no key, not yet met by another one. */
  #formerCopy(bytes: Bytes, row: Bytes): RowId | undefined {
    const own = this.identity.sealer(this.identity.fields(row));
    if (own === "erased") return undefined;
    for (const former of this.formers) {
      if (former.layout.keyColumns.length > 0) continue;
      const id = this.findCopy(this.former(former, bytes), row, own, former);
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

interface FormerRow {
  readonly id: RowId;
  /** Log index of its newest event. */
  readonly index: number;
  readonly keyless: boolean;
}
