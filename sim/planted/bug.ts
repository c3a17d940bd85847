/** A bug planted on purpose: a small change of one source. */
export interface Planted {
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

export const EMBEDDED = "packages/engines/embedded/src";
export const LEDGER = "packages/ledger/src";
export const CONTRACTS = "packages/contracts/src";
