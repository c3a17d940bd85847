/**
 * Files of a ledger's folder. SQLite puts its `-wal` and `-shm` beside the store while it is open; `restored` is there while a follower
 * that was restored to an older state has not yet reached what it had seen.
 */
export const FILES = {
  store: "ledger.sqlite",
  lock: "ledger.lock",
  remembered: "last-checkpoint",
  restored: "restored-checkpoint",
} as const;
