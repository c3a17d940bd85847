/**
 * What a hospital's own people do to their database, and what verification may say of it:
 *
 * - `nothing`: at no time a finding.
 * - `rebaseline`: rows of the table are unvouched until capture has compared them under the columns of before.
 * - `reason`: nobody but the hospital can say that this was right. Its rows are findings until somebody accepts them and says
 *   why.
 */
export type Sign = "nothing" | "rebaseline" | "reason";

export interface LegalStep {
  readonly name: string;
  /** Run one by one by the tables' owner, each by itself. */
  readonly sql: readonly string[];
  readonly sign: Sign;
  /** The table it is about (`schema.table`, as it is called afterwards), where rows may become findings. */
  readonly table?: string;
  /** As the one of `LEGAL_WHY`: why rows are findings meanwhile. */
  readonly why?: LegalWhy;
}

export const LEGAL_WHY = [
  "new-columns",
  "cast-back",
  "labels",
  "column-gone",
  "text-lost",
  "other-key",
  "attached",
  "detached",
  "dropped",
] as const;
export type LegalWhy = (typeof LEGAL_WHY)[number];

type More = Omit<LegalStep, "name" | "sql" | "sign">;

export const quiet = (name: string, ...sql: readonly string[]): LegalStep => ({ name, sql, sign: "nothing" });

export const looked = (name: string, more: More, ...sql: readonly string[]): LegalStep => ({
  ...{ name, sql, sign: "rebaseline" },
  ...more,
});

export const declared = (name: string, more: More, ...sql: readonly string[]): LegalStep => ({
  ...{ name, sql, sign: "reason" },
  ...more,
});
