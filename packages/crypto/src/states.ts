import type { KeyStates, Lanes } from "./lanes/lanes.ts";

/** For `RowBatch` and `RowLot`: hands over what an HMAC under the holder's key starts from. Not for others, so not a name. */
export const STATES = Symbol("states");

export interface KeyHolder {
  /** 16 words that nobody may change: worth as much as the key, and good for any lanes. */
  [STATES](lanes: Lanes): KeyStates;
}
