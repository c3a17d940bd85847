/** Submitting to whoever orders until it is known what became of it: a line that breaks leaves no doubt behind. */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";
import type { Orderer } from "@anamnesis/embedded";
import { ledgerError, type SignedTransaction } from "@anamnesis/ledger";

/** One try over the network; each promise that comes back is told at once. @throws AnamnesisError as the gateway's `submitOnce` */
export type SubmitOnce = (
  transaction: SignedTransaction,
  signal: AbortSignal,
  onPromise?: (promise: Uint8Array) => void,
) => Promise<void>;

/** After these nobody knows whether the transaction was taken: it is sent again, which does no harm if it was. */
const UNCERTAIN: ReadonlySet<string> = new Set([
  "gateway/unreachable",
  "gateway/timeout",
  "gateway/bad-answer",
  "gateway/too-large",
  "ledger/closed",
  "internal",
]);
/** Not taken for now; certain only when no earlier try was left in doubt. */
const LATER: ReadonlySet<string> = new Set(["ledger/busy", "ledger/disk-full"]);
const RETRY_MS = { min: 200, max: 5000 };

export interface PatientOptions {
  readonly submitOnce: SubmitOnce;
  /** Told with the code while the orderer cannot be asked. */
  readonly onWaiting?: (code: string) => void;
  /** Each promise that came back. */
  readonly onPromise?: (promise: Uint8Array, transaction: SignedTransaction) => void;
}

/** Waits as long as it takes: until an answer is certain, the transaction is in the replica, or the node is stopped. */
export function patientOrderer({ submitOnce, onWaiting, onPromise }: PatientOptions): Orderer {
  return {
    async submit(transaction, signal) {
      let doubtful = false;
      for (let ms = RETRY_MS.min; !signal.aborted; ms = Math.min(2 * ms, RETRY_MS.max)) {
        try {
          return await submitOnce(transaction, signal, (promise) => onPromise?.(promise, transaction));
        } catch (error) {
          const code = codeOf(error) ?? "";
          const uncertain = UNCERTAIN.has(code);
          if (!uncertain && !(doubtful && LATER.has(code))) throw error;
          doubtful ||= uncertain;
          onWaiting?.(code);
          await sleep(ms, undefined, { signal }).catch(() => undefined);
        }
      }
      throw ledgerError("ledger/closed", "stopped while the orderer could not be asked: submit it again");
    },
  };
}
