/** Whether an event commits to a row that is at hand: under the table's own columns, or under those of before. */
import type { Bytes } from "@anamnesis/core";
import type { RowSealer } from "@anamnesis/crypto";
import { ruleOf, withDigests } from "./digests/rule.ts";
import { type Committed, type Former, heldUnder, isAt } from "./former.ts";
import type { Cast } from "./layout.ts";
import type { TableSchema } from "./source.ts";
import type { RowIdentity } from "./verify/row-identity.ts";

export interface RowAtHand {
  readonly table: TableSchema;
  readonly handle: Uint8Array;
  /** Its bytes under the table's columns. */
  readonly row: Bytes;
  /** Of the patients that it names now; those of other mappings of the table are tried as well. */
  readonly sealer: RowSealer;
  readonly identity: Pick<RowIdentity, "formerly">;
}

/** Undefined: the event covers other columns, or commits to nothing. */
export function isHeld(event: Committed, { table, handle, row, sealer, identity }: RowAtHand): boolean | undefined {
  const { bytes, schemaAt, commitmentAt, lsn, ordinal } = event;
  const rule = schemaAt < 0 || commitmentAt < 0 ? undefined : ruleOf(table, bytes, schemaAt);
  if (rule === undefined) return undefined;
  const schema = table.rules?.[rule] ?? table.schemaId;
  const fits = (s: RowSealer): boolean => {
    const covered = rule === "digests" ? withDigests(s, row) : row;
    return isAt(bytes, commitmentAt, s.commitment(table.handle, handle, schema, lsn, ordinal, covered));
  };
  return fits(sealer) || identity.formerly(row, fits);
}

/** As `heldUnder` says. `read`: the row with what was read besides its columns. */
export function heldFormerly(
  event: Committed,
  { table, handle, row, sealer, identity }: RowAtHand,
  formers: readonly Former[],
  read: { readonly bytes: Bytes; readonly casts: readonly Cast[] } = { bytes: row, casts: [] },
): "held" | "differs" | "untold" {
  const anySealer = (fits: (s: RowSealer) => boolean) => fits(sealer) || identity.formerly(row, fits);
  return heldUnder(formers, event, { table: table.handle, handle, ...read, anySealer });
}
