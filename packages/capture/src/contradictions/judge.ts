/**
 * Whether a row, as a later legal change found it, is what the ledger had vouched for. Wherever that cannot be told the answer
 * is no: a false alarm is worse than a miss, and verification has looked, or will look, at the row itself.
 */
import type { Bytes } from "@anamnesis/core";
import type { Handles, Primitives } from "@anamnesis/crypto";
import { ruleOf } from "../digests/rule.ts";
import { type Former, formersOf } from "../former.ts";
import { heldFormerly, isHeld } from "../held.ts";
import { formerRow, type Layout, layoutOf, recast } from "../layout.ts";
import { splitRow, unescapeField, utf8Text } from "../postgres/canonical.ts";
import type { TableSchema } from "../source.ts";
import type { SubjectSealers } from "../subject-sealers.ts";
import type { PendingReason } from "../table-notes.ts";
import { RowIdentity } from "../verify/row-identity.ts";
import type { Comparison, Vouched } from "./comparisons.ts";
import type { BeforeImage } from "./images.ts";

export interface JudgeOptions {
  readonly primitives: Primitives;
  readonly handles: Handles;
  readonly sealers: SubjectSealers;
  /** Why the table's rows are being gone through just now, if they are. Asked only about rows that differ. */
  readonly pending: (table: Uint8Array) => PendingReason | undefined;
  /** Every layout that the table was seen with. Asked only about rows that differ. */
  readonly layouts: (table: Uint8Array) => readonly Layout[];
}

export class Judge {
  readonly #o: JudgeOptions;
  readonly #identities = new WeakMap<TableSchema, RowIdentity>();
  readonly #formers = new WeakMap<TableSchema, readonly Former[]>();

  constructor(options: JudgeOptions) {
    this.#o = options;
  }

  /** What settles it for a row that is as it was vouched for; undefined when more must be asked. `row`: the row's handle. */
  comparison({ table, row: bytes }: BeforeImage, row: Uint8Array, before: Vouched): Comparison | undefined {
    if (before.commitmentAt < 0 || before.schemaAt < 0) return undefined;
    const rule = ruleOf(table, before.bytes, before.schemaAt);
    if (rule === undefined || rule === "digests") return undefined;
    const identity = this.#identity(table);
    const sealer = identity.sealer(identity.fields(bytes));
    if (sealer === "erased") return undefined;
    const schema = table.rules?.[rule] ?? table.schemaId;
    const { lsn, ordinal } = before;
    return { sealer, place: { table: table.handle, schema, row, lsn, ordinal }, bytes };
  }

  /** `row`: the row's handle. `exact`: though the table's key is another one, no former row is meant. */
  contradicts(
    { table, row: bytes }: BeforeImage,
    row: Uint8Array,
    { before, baselined }: { readonly before: Vouched | undefined; readonly baselined: boolean },
    exact = false,
  ): boolean {
    const identity = this.#identity(table);
    const sealer = identity.sealer(identity.fields(bytes));
    if (sealer === "erased") return false;
    if (before?.alive !== true) {
      const isKnown = exact || this.#o.pending(table.handle) === undefined;
      return baselined && isKnown && !hasUnknownLabel(table, bytes);
    }
    const atHand = { table, handle: row, row: bytes, sealer, identity };
    const held = isHeld(before, atHand);
    if (held === true) return false;
    const pending = this.#o.pending(table.handle);
    if (pending !== undefined && pending !== "columns") return false;
    const itsOwn = { ...atHand, identity: NO_OTHER_MAPPING };
    if (held === false) return !this.#isRenamed(table, bytes, (row) => isHeld(before, { ...itsOwn, row }) === true);
    // The columns have changed since, but all that were there can be told: then the row may be another one even so.
    if (hasUnknownLabel(table, bytes)) return false;
    return heldFormerly(before, atHand, this.#formersOf(table)) === "differs";
  }

  /** Asked for many rows of a table, once for each session. One that is noted later is one that cannot be told. */
  #formersOf(table: TableSchema): readonly Former[] {
    let formers = this.#formers.get(table);
    if (formers === undefined) {
      formers = formersOf(this.#o.primitives, table, this.#o.layouts(table.handle));
      this.#formers.set(table, formers);
    }
    return formers;
  }

  /** Key text. */
  nameOf({ table, row }: BeforeImage): string {
    return this.#identity(table).text(row);
  }

  /** Labels of an enumeration may be renamed at any moment, and rows then read otherwise without being changed. */
  #isRenamed(table: TableSchema, bytes: Bytes, fits: (row: Bytes) => boolean): boolean {
    if (!hasLabels(table)) return false;
    if (hasUnknownLabel(table, bytes)) return true;
    const fields = splitRow(bytes);
    const now = layoutOf(table);
    const layouts = this.#o.layouts(table.handle);
    return layouts.some((former) => {
      const plan = recast(former, now, layouts);
      return plan !== undefined && fits(formerRow(plan, fields, []));
    });
  }

  #identity(table: TableSchema): RowIdentity {
    let identity = this.#identities.get(table);
    if (identity === undefined) {
      identity = new RowIdentity(table, this.#o.handles, this.#o.sealers);
      this.#identities.set(table, identity);
    }
    return identity;
  }
}

const NO_OTHER_MAPPING = { formerly: () => false };

const hasLabels = ({ columns }: TableSchema): boolean => columns.some((c) => c.labels !== undefined);

/** Some value of an enumeration is called otherwise than when the catalog was read. */
function hasUnknownLabel(table: TableSchema, bytes: Bytes): boolean {
  if (!hasLabels(table)) return false;
  const fields = splitRow(bytes);
  return table.columns.some((c, i) => c.labels?.every(([, label]) => label !== textOf(fields[i])) === true);
}

function textOf(field: Bytes | undefined): string | undefined {
  const value = field === undefined ? null : unescapeField(field);
  return value === null ? undefined : utf8Text(value);
}
