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

/** A row that begins with one of these was there before. */
const GOES_ON: ReadonlySet<EventKind> = new Set(["update", "delete"]);

export class KeyedPass extends TablePass implements Pass {
  readonly #why: PendingReason;
  readonly #since: number;
  /** Rows that were met, and those that went on from one under a former key. */
  readonly #met = new SeenSet();
  readonly #succeeded = new SeenSet();
  readonly #leftOver: RowId[] = [];
  #wentOn = 0;
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
    if (this.context.touched.has(this.table.handle, handle)) return;
    const own = this.identity.sealer(fields);
    const id = this.now.locate(handle);
    const newest = id === undefined ? undefined : this.newest(id);
    if (id === undefined || newest === undefined) return this.#unknown(handle, bytes, row, own, sealer);
    this.#met.add(id);
    const present = newest !== "newer" && newest.alive ? newest : undefined;
    if (present !== undefined && own !== "erased" && this.#mustRenew(present, handle, bytes, row, own)) {
      sealer.vouch("baseline", { table: this.table, handle, sealer: own, row });
    }
    if (this.#retireFormer(handle, bytes, row, undefined, sealer)) this.#succeeded.add(id);
  }

  /**
   * Rows that were changed or deleted under their new key before they were met here went on from rows that are still alive under
   * their former key, and which ones nobody can tell any more. When there are as many of the one as of the other, it is
   * those; otherwise nothing is said, and what is left over stays a finding.
   */
  finish(sealer: Sealer): boolean {
    if (this.#why !== "key") return true;
    this.#walk ??= new IndexWalk(this.context.index, this.seen);
    if (!this.#walk.next((id) => this.#weigh(id))) return false;
    if (this.#leftOver.length !== this.#wentOn || this.#wentOn > BALANCE_MAX) return true;
    for (const id of this.#leftOver) sealer.end("retired", this.table.handle, this.context.index.handleOf(id).row);
    return true;
  }

  #weigh(id: RowId): void {
    if (this.#succeeded.has(id)) return;
    const left = this.#met.has(id) ? 0 : this.copies.of(id) - this.copies.met(id);
    for (let i = 0; i < left && this.#leftOver.length <= BALANCE_MAX; i++) this.#leftOver.push(id);
    if ((this.now.last(id)?.index ?? -1) < this.#since || this.#wentOn > BALANCE_MAX) return;
    const first = this.context.index.eventsOf(id).find((e) => e.kind !== "read");
    if (first !== undefined && first.index >= this.#since && GOES_ON.has(first.kind)) this.#wentOn++;
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

  /** Nothing is known under this handle: the row may be known under the one that a former key gave it. */
  #unknown(handle: Uint8Array, bytes: Bytes, row: Bytes, own: RowSealer | "erased", sealer: Sealer): void {
    if (own !== "erased" && this.#retireFormer(handle, bytes, row, own, sealer)) {
      sealer.vouch("baseline", { table: this.table, handle, sealer: own, row, name: this.identity.text(row) });
    } else if (this.#why === "first") {
      sealer.vouch("baseline", { table: this.table, handle, sealer: own, row, name: this.identity.text(row) });
    }
  }

  /**
   * Ends the row under the handle of a former key. With `own` only when it is what was vouched for there; without, because
   * it has events of its own under its new handle already: those went on from it. True when it ended.
   */
  #retireFormer(handle: Uint8Array, bytes: Bytes, row: Bytes, own: RowSealer | undefined, sealer: Sealer): boolean {
    if (this.#why !== "key" && own === undefined) return false;
    for (const former of this.formers) {
      const keyless = former.layout.keyColumns.length === 0;
      const id = keyless ? this.#copyOf(former, bytes, row) : this.#formerId(former, bytes, handle);
      if (id === undefined) continue;
      const { row: before } = this.context.index.handleOf(id);
      if (!keyless && !this.#mayRetire(id, before, bytes, row, own)) continue;
      sealer.end("retired", this.table.handle, before);
      return true;
    }
    return false;
  }

  #mayRetire(id: RowId, before: Uint8Array, bytes: Bytes, row: Bytes, own: RowSealer | undefined): boolean {
    if (this.context.touched.has(this.table.handle, before)) return false;
    const newest = this.newest(id);
    if (newest === undefined || newest === "newer" || !newest.alive) return false;
    return own === undefined || this.held(newest, before, bytes, row, own);
  }

  #formerId(former: Former, bytes: Bytes, handle: Uint8Array): RowId | undefined {
    const fields = splitRow(this.former(former, bytes));
    const before = this.context.handles.row(this.table.handle, keyOfFields(fields, former.layout.keyColumns));
    return Buffer.from(before).equals(handle) ? undefined : this.now.locate(before);
  }

  /** A copy of the row from when the table had no key, not yet met by another one. */
  #copyOf(former: Former, bytes: Bytes, row: Bytes): RowId | undefined {
    const own = this.identity.sealer(this.identity.fields(row));
    return own === "erased" ? undefined : this.meetCopy(this.former(former, bytes), row, own);
  }
}
