import type { Context, Genesis, Refusal, SignedTransaction } from "@anamnesis/ledger";

/** One command of a contract module. `check` sees the transaction alone, `handle` also the state. */
export interface Command {
  check(transaction: SignedTransaction): Refusal | null;
  handle(context: Context, transaction: SignedTransaction): Refusal | null;
}

/** A part of the contract: its commands, all named `<module>.<verb>`, and what it writes at the foundation. */
export interface Module {
  /** Lower-case word; the first part of the name of each of its commands and refusals. */
  readonly name: string;
  readonly commands: Readonly<Record<string, Command>>;
  genesis?(context: Context, genesis: Genesis): void;
  /** Told of each accepted command of any module, behind it and in the same transaction: for what is counted over all. */
  accepted?(context: Context, transaction: SignedTransaction): void;
}
