/**
 * Rows of a table that has got another key, or other columns while it has none: each goes on under another handle. Read in one
 * slice. Where the log carries rows as they were, changes tell themselves which former rows they went on from
 * (`contradictions/successions.ts`), and what is left are the rows that no change touches: those that are as they were vouched for
 * under a former handle end there and are vouched for under their own. Whatever differs is left as it is: a finding.
 */
import type { Bytes } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import { ruleOf } from "../digests/rule.ts";
import type { Former } from "../former.ts";
import { keyOfFields, splitRow } from "../postgres/canonical.ts";
import type { RowId, Visibility } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import { SeenSet } from "../verify/seen.ts";
import { Copies } from "./copies.ts";
import { type Pass, TablePass } from "./pass.ts";

export class RekeyPass extends TablePass implements Pass {
  /** Rows that ended under a former key. */
  readonly #ended = new SeenSet();
  /** Former copies that are left, found by changes or not; those that were found are counted apart. */
  #left = new Copies(this.now, (id) => this.#openOf(id));
  /** Rows with events on their way. */
  #waiting: Bytes[] = [];

  override begin(visibility: Visibility): void {
    super.begin(visibility);
    this.#left = new Copies(this.now, (id) => this.#openOf(id));
  }

  row(bytes: Bytes, sealer: Sealer): void {
    if (!this.#take(bytes, sealer)) this.#waiting.push(Buffer.from(bytes));
  }

  /** Whether those that waited can be told now. */
  ready(): boolean {
    return this.#waiting.length === 0 || this.#waiting.some((bytes) => !this.#isTouched(bytes));
  }

  finish(sealer: Sealer): boolean {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.row(bytes, sealer);
    return this.#waiting.length === 0;
  }

  /** False when something about the row is on its way. */
  #take(bytes: Bytes, sealer: Sealer): boolean {
    const row = this.plain(bytes);
    const fields = this.identity.fields(row);
    const own = this.identity.sealer(fields);
    const handle = this.#handleOf(row, fields, own);
    if (handle === undefined || this.#isPresent(handle, bytes, row, own, sealer)) return true;
    for (const former of this.formers) {
      const id = this.#formerRow(former, handle, bytes, row, own);
      if (id === undefined) continue;
      // Copies without a key are counted, on their way as well.
      if (this.table.keyColumns.length > 0 && this.context.touched.has(this.table.handle, handle)) return false;
      if (former.layout.keyColumns.length > 0) this.#ended.add(id);
      else this.#left.meet(id);
      const { row: before } = this.context.index.handleOf(id);
      sealer.together(2, () => {
        sealer.end("retired", this.table.handle, before);
        this.context.successions.move(before, sealer.position);
        sealer.vouch("baseline", { table: this.table, handle, sealer: own, row, name: this.identity.text(row) });
      });
      return true;
    }
    return true;
  }

  #isTouched(bytes: Bytes): boolean {
    const row = this.plain(bytes);
    const fields = this.identity.fields(row);
    const handle = this.#handleOf(row, fields, this.identity.sealer(fields));
    return handle !== undefined && this.context.touched.has(this.table.handle, handle);
  }

  /** Undefined: nobody can tell any more, because the patient's key is destroyed. */
  #handleOf(row: Bytes, fields: readonly Uint8Array[], own: RowSealer | "erased"): Uint8Array | undefined {
    if (this.table.keyColumns.length > 0) return this.identity.keyHandle(fields);
    return own === "erased" ? undefined : own.keylessRow(this.table.handle, row);
  }

  /** Whether the row is known under its present handle, or what is known of it is newer than what the slice sees. */
  #isPresent(handle: Uint8Array, bytes: Bytes, row: Bytes, own: RowSealer | "erased", sealer: Sealer): boolean {
    if (this.table.keyColumns.length === 0) return own !== "erased" && this.meetCopy(row, row, own) !== undefined;
    const id = this.now.locate(handle);
    const newest = id === undefined ? undefined : this.newest(id);
    if (newest === undefined) return false;
    if (newest === "newer") return true;
    if (!newest.alive) return false;
    const isCovered = newest.schemaAt >= 0 && ruleOf(this.table, newest.bytes, newest.schemaAt) !== undefined;
    if (isCovered || own === "erased" || this.context.touched.has(this.table.handle, handle)) return true;
    if (this.held(newest, handle, bytes, row, own)) sealer.renew({ table: this.table, handle, sealer: own, row });
    return true;
  }

  /** The row under a former handle, if it is vouched for there and has not ended. */
  #formerRow(
    former: Former,
    handle: Uint8Array,
    bytes: Bytes,
    row: Bytes,
    own: RowSealer | "erased",
  ): RowId | undefined {
    const sealed = this.former(former, bytes);
    if (former.layout.keyColumns.length === 0)
      return own === "erased" ? undefined : this.#formerCopy(former, sealed, handle, row, own);
    const before = this.context.handles.row(this.table.handle, keyOfFields(splitRow(sealed), former.layout));
    if (Buffer.from(before).equals(handle)) return undefined;
    const id = this.now.locate(before);
    if (id === undefined || this.#ended.has(id) || this.context.successions.open(before) > 0) return undefined;
    const newest = this.now.newest(id);
    if (newest?.alive !== true) return undefined;
    return own === "erased" || this.held(newest, before, bytes, row, own) ? id : undefined;
  }

  #formerCopy(former: Former, sealed: Bytes, handle: Uint8Array, row: Bytes, own: RowSealer): RowId | undefined {
    let found: RowId | undefined;
    const fits = (s: RowSealer): boolean => {
      const before = s.keylessRow(this.table.handle, sealed);
      const id = Buffer.from(before).equals(handle) ? undefined : this.now.locate(before);
      if (id === undefined || this.#left.of(id) - this.#left.met(id) - this.context.successions.found(before) < 1)
        return false;
      if (this.isLeftOut(former, id)) return false;
      found = id;
      return true;
    };
    if (!fits(own)) this.identity.formerly(row, fits);
    return found;
  }

  /** What changes have found since this session began is taken off when a copy is asked for: here it is added. */
  #openOf(id: RowId): number {
    const { successions, index } = this.context;
    const { row } = index.handleOf(id);
    return successions.found(row) - successions.open(row);
  }
}
