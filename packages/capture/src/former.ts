/** Former layouts of a table, ready to tell whether an event commits to a row as it was under one of them. */
import type { Bytes } from "@anamnesis/core";
import type { Primitives, RowSealer } from "@anamnesis/crypto";
import { withDigests } from "./digests/rule.ts";
import {
  type Cast,
  formerRow,
  type Layout,
  layoutOf,
  layoutRules,
  type Recast,
  recast,
  withheldFrom,
} from "./layout.ts";
import { splitRow } from "./postgres/canonical.ts";
import type { VisibleEvent } from "./row-index.ts";
import type { TableSchema } from "./source.ts";

export interface Former {
  readonly plan: Recast;
  readonly layout: Layout;
  /** Whether all fields are had back without casts: then a row that does not fit is another one. */
  readonly exact: boolean;
  /** What comes under it at or after this position vouches for nothing. */
  readonly withheldFrom: bigint | undefined;
  readonly ids: readonly { readonly id: Uint8Array; readonly digests: boolean }[];
}

/** Those whose columns can all be told. The present layout is among them. */
export function formersOf(p: Primitives, table: TableSchema, layouts: readonly Layout[]): readonly Former[] {
  const now = layoutOf(table);
  return layouts.flatMap((layout) => {
    const plan = recast(layout, now, layouts);
    if (plan === undefined) return [];
    const { whole, digests } = layoutRules(p, layout);
    const ids = [
      { id: whole, digests: false },
      { id: digests, digests: true },
    ];
    const exact = plan.fields.every((f) => f.cast === undefined);
    return [{ plan, layout, ids, exact, withheldFrom: withheldFrom(layout, now) }];
  });
}

/** What an event commits with. */
export type Committed = Pick<VisibleEvent, "bytes" | "commitmentAt" | "schemaAt" | "lsn" | "ordinal">;

/** What a comparison is about: the row as read (`casts` behind it), and where its event is to be looked for. */
export interface Compared {
  readonly table: Uint8Array;
  readonly handle: Uint8Array;
  readonly bytes: Bytes;
  readonly casts: readonly Cast[];
  /** Tries sealers until one fits. */
  readonly anySealer: (fits: (sealer: RowSealer) => boolean) => boolean;
}

export const isWithheld = ({ withheldFrom }: Former, { lsn }: Pick<VisibleEvent, "lsn">): boolean =>
  withheldFrom !== undefined && lsn >= withheldFrom;

/**
 * Whether the event commits to the row under a former layout: `held`, `differs` (it does not, and it could be told), or
 * `untold` (the layout is not known, or not every field of it can be had back).
 */
export function heldUnder(formers: readonly Former[], event: Committed, row: Compared): "held" | "differs" | "untold" {
  const { bytes, schemaAt, commitmentAt } = event;
  if (schemaAt < 0 || commitmentAt < 0) return "untold";
  let told = false;
  for (const former of formers) {
    const rule = former.ids.find((i) => isAt(bytes, schemaAt, i.id));
    if (rule === undefined) continue;
    if (isWithheld(former, event)) return "differs";
    const sealed = formerRow(former.plan, splitRow(row.bytes), row.casts);
    if (row.anySealer((s) => isAt(bytes, commitmentAt, commitmentOf(s, event, row, rule, sealed)))) return "held";
    told ||= former.exact;
  }
  return told ? "differs" : "untold";
}

function commitmentOf(
  sealer: RowSealer,
  { lsn, ordinal }: Committed,
  { table, handle }: Compared,
  rule: Former["ids"][number],
  sealed: Bytes,
): Uint8Array {
  return sealer.commitment(table, handle, rule.id, lsn, ordinal, rule.digests ? withDigests(sealer, sealed) : sealed);
}

export function isAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
