import type { Context, Refusal, SignedTransaction } from "@anamnesis/ledger";

/** One command of a contract module. `check` sees the transaction alone, `handle` also the state. */
export interface Command {
  check(transaction: SignedTransaction): Refusal | null;
  handle(context: Context, transaction: SignedTransaction): Refusal | null;
}
