/** An independent model of the row index: keeps every event in a list and answers by going through it. */
import type { Event } from "@anamnesis/ledger";
import type { Visibility } from "../src/row-index.ts";

export interface Placed {
  readonly index: number;
  readonly event: Event;
}

const same = (a: Uint8Array | null, b: Uint8Array | null) => Buffer.from(a ?? []).equals(Buffer.from(b ?? []));

const ends = (e: Event) =>
  e.kind === "delete" || e.kind === "retired" || (e.kind === "accepted" && e.commitment === null);

export class Model {
  readonly events: Placed[] = [];

  visible(table: Uint8Array, v: Visibility): Placed[] {
    return this.events.filter(({ event: e }) => {
      const xid = Number(e.xid);
      return same(e.table, table) && (xid < v.xmin || (xid < v.xmax && !v.running.has(xid)));
    });
  }

  /** The newest content-telling event and whether the row lives. */
  newest(
    table: Uint8Array,
    row: Uint8Array,
    v: Visibility,
  ): { readonly placed: Placed; readonly alive: boolean } | undefined {
    const visible = this.visible(table, v);
    const truncate = visible.filter(({ event }) => event.kind === "truncate").at(-1)?.index ?? -1;
    const mine = visible.filter(({ event }) => same(event.row, row) && event.row !== null && event.kind !== "read");
    const placed = mine.at(-1);
    if (placed === undefined) return undefined;
    return { placed, alive: !ends(placed.event) && placed.index > truncate };
  }

  copies(table: Uint8Array, row: Uint8Array, v: Visibility): number {
    let n = 0;
    for (const { event } of this.visible(table, v)) {
      if (event.kind === "truncate") n = 0;
      else if (event.row === null || !same(event.row, row)) continue;
      else if (ends(event)) n--;
      else if (event.kind === "baseline" && event.purpose === "renewed") continue;
      else if (event.kind !== "update" && event.kind !== "read") n++;
    }
    return n;
  }
}
