/**
 * Who writes in which transaction, as the server's log tells: a line written inside of a transaction that has its id
 * already. Bounded: the newest are kept.
 */
import type { LogLine } from "./log-line.ts";
import type { Who } from "./who.ts";

const KEPT_MAX = 100_000;
const CLAIMS_MAX = 10_000;
/** Ids come round again after 2^32; an entry is not believed for a commit so much later than its line. */
const AGE_US_MAX = 24 * 3_600_000_000;

export class TransactionActors {
  readonly #byXid = new Map<number, { readonly who: Who; readonly time: number }>();
  /** What a statement said before its transaction had an id. */
  readonly #claims = new Map<string, Who>();

  /** A line of the log and whose it is. `claimed`: its statement itself names the person. */
  note(line: LogLine, who: Who, claimed: boolean): void {
    const transaction = `${line.session} ${line.virtualXid}`;
    if (claimed) remember(this.#claims, transaction, who, CLAIMS_MAX);
    if (line.xid === 0) return;
    const known = claimed ? who : (this.#claims.get(transaction) ?? who);
    remember(this.#byXid, line.xid, { who: known, time: line.time }, KEPT_MAX);
  }

  /** `xid`: 64 bits wide; `time` of the commit, µs since 1970. */
  of(xid: bigint, time: number): Who | undefined {
    const found = this.#byXid.get(Number(BigInt.asUintN(32, xid)));
    return found !== undefined && Math.abs(time - found.time) < AGE_US_MAX ? found.who : undefined;
  }
}

function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  if (!map.has(key) && map.size >= max) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
