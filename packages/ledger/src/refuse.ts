/**
 * A refusal that stands in the log: the way out of a promise (`promise.ts`). Whoever orders may promise a transaction before it is
 * executed, and what comes before it in the log may forbid it. Then `ledger.refuse` carries the transaction itself, everybody who
 * executes the block tries it there, and only if it is refused does its key's nonce pass it. So a refusal is as checkable as a
 * block: a false one is a block that breaks the rules. Lateness is no way out: what has expired cannot be refused any more.
 *
 *     body = the transaction as it travels (`encodeSigned`), without attachments
 */
import { asBytesUpTo, type Cbor } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Contract, Refusal } from "./contract.ts";
import { knownError } from "./errors.ts";
import { decodeSigned, encodeSigned, type SignedTransaction } from "./transaction.ts";

export const REFUSE_KIND = "ledger.refuse";

/** Bytes of a transaction as it travels: so many fit into the command that refuses it, with up to 16 signatures. */
export const REFUSABLE_BYTES_MAX = 32 * 1024;

/** @param refused without attachments, at most `REFUSABLE_BYTES_MAX` as it travels */
export const refuseBody = (refused: SignedTransaction): Cbor => encodeSigned(refused);

/** The transaction in a `ledger.refuse`, or why there is none. Its signatures are not checked. */
export function refusedIn(p: Primitives, contract: Contract, tx: SignedTransaction): SignedTransaction | Refusal {
  const inner = read(p, tx);
  if (inner === undefined || tx.attachments.length > 0) return malformed("what is to be refused cannot be read");
  const { chain, kind } = inner.transaction;
  if (chain !== tx.transaction.chain) return malformed("what is to be refused is meant for another chain");
  if (kind === REFUSE_KIND || inner.attachments.length > 0) return malformed("this cannot be refused on the ledger");
  // What nobody can ever execute was never admitted, so nobody promised it; and a batch that lost its attachments is such a thing.
  return contract.check(inner) ?? inner;
}

/** `Contract.check` for every kind: those of the contract, and the one of the ledger itself. */
export function checkCommand(p: Primitives, contract: Contract, tx: SignedTransaction): Refusal | null {
  if (tx.transaction.kind !== REFUSE_KIND) return contract.check(tx);
  const inner = refusedIn(p, contract, tx);
  return "code" in inner ? inner : null;
}

export const notRefused = (why: string): Refusal => ({ code: "ledger/not-refused", message: why });

const malformed = (message: string): Refusal => ({ code: "ledger/malformed", message });

function read(p: Primitives, { transaction }: SignedTransaction): SignedTransaction | undefined {
  try {
    const bytes = asBytesUpTo(transaction.body, REFUSABLE_BYTES_MAX, "refused transaction");
    return decodeSigned(p, bytes);
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}
