/** One access as the rules see it: an event of the ledger whose handles its own organisation has resolved. */
export type AccessKind = "read" | "create" | "update" | "delete";

export interface Access {
  /** Log index of the event. */
  readonly index: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly kind: AccessKind;
  /** The actor's name at the source. */
  readonly actor: string;
  readonly purpose: string | null;
  /** `schema.table` */
  readonly table: string;
  /** Key text of the row. */
  readonly row: string;
  /** The patient whose row it is, as the source's keys name patients. */
  readonly patient: string;
}

export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
