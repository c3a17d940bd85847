/** Limits of one engine; passing one is a named error, never a slow death. */
export interface EngineLimits {
  /** Transactions waiting, and their bytes: above either, `submit` answers `ledger/busy`. */
  readonly queuedTransactions: number;
  readonly queuedBytes: number;
  /** What one block takes from the queue. */
  readonly blockTransactions: number;
  readonly blockBytes: number;
  /** Milliseconds a transaction may wait for company before its block is made; 0 = as soon as the process is free. */
  readonly waitMs: number;
  /** Pages the store may have (8 KiB each); for tests of a full disk. */
  readonly storePages?: number;
}

export const DEFAULT_LIMITS: EngineLimits = {
  queuedTransactions: 10_000,
  queuedBytes: 64 * 1024 * 1024,
  blockTransactions: 1024,
  blockBytes: 4 * 1024 * 1024,
  waitMs: 0,
};
