/** What can be refused before a transaction is queued: everything that does not depend on the order of blocks. */
import { AnamnesisError, equal, toHex } from "@anamnesis/core";
import { type Primitives, suiteOf } from "@anamnesis/crypto";
import {
  actingKey,
  barredKey,
  type Contract,
  checkCommand,
  commandLeaf,
  decodeMemberKey,
  type Genesis,
  knownError,
  LIMITS,
  ledgerError,
  memberKeyPath,
  parseTransaction,
  type Refusal,
  type SignedTransaction,
  type StateReader,
  signedMessage,
  tooLarge,
  transactionId,
} from "@anamnesis/ledger";

export interface Admitted {
  /** Rebuilt from the signed bytes: what the caller put beside them is not believed. */
  readonly transaction: SignedTransaction;
  /** Bytes it will add to the log. */
  readonly bytes: number;
}

export const refusalError = (refusal: Refusal) => new AnamnesisError(refusal.code, refusal.message);

/** @throws AnamnesisError with the code of the refusal. */
export function admit(p: Primitives, contract: Contract, genesis: Genesis, given: SignedTransaction): Admitted {
  const id = transactionId(p, actingKey(given.signatures), given.bytes);
  const transaction = { ...given, id, transaction: readTransaction(given.bytes) };
  if (!equal(transaction.id, given.id)) throw ledgerError("ledger/malformed", "the id is not that of the transaction");
  const bytes = checkSize(transaction);
  if (transaction.transaction.chain !== genesis.chain) {
    throw ledgerError("ledger/wrong-chain", "the transaction is meant for another chain");
  }
  const refusal = checkCommand(p, contract, transaction);
  if (refusal !== null) throw refusalError(refusal);
  return { transaction, bytes };
}

function readTransaction(bytes: Uint8Array) {
  try {
    return parseTransaction(bytes);
  } catch (cause) {
    const known = knownError(cause);
    if (known === undefined || known.code.startsWith("ledger/")) throw cause;
    throw ledgerError("ledger/malformed", `the transaction cannot be read: ${known.message}`, {}, { cause });
  }
}

function checkSize({ bytes, signatures, attachments }: SignedTransaction): number {
  if (signatures.length === 0 || signatures.length > LIMITS.signatures) {
    throw ledgerError("ledger/malformed", `a transaction has 1 to ${LIMITS.signatures} signatures`);
  }
  if (attachments.length > LIMITS.batchEvents) throw tooLarge("attachments", attachments.length, LIMITS.batchEvents);
  const attached = attachments.reduce((sum, each) => sum + each.length, 0);
  if (attached > LIMITS.batchBytes) throw tooLarge("bytes of attachments", attached, LIMITS.batchBytes);
  const longest = attachments.reduce((most, each) => Math.max(most, each.length), 0);
  const leaf = Math.max(longest, commandLeaf(bytes, signatures).length);
  if (leaf > LIMITS.leafBytes) throw tooLarge("bytes of a leaf", leaf, LIMITS.leafBytes);
  return attached + leaf;
}

/**
 * Each signature is checked once, here, beside this thread where the platform can.
 * @returns whether all fit keys of members; false when a key is not known yet: an earlier transaction may add it, the block decides
 * @throws AnamnesisError (or rejects with) `ledger/bad-signature`, `ledger/unknown-suite`
 */
export function checkSignatures(
  p: Primitives,
  state: StateReader,
  { id, signatures }: SignedTransaction,
): boolean | Promise<boolean> {
  let known = true;
  const verdicts: boolean[] = [];
  const waiting: Promise<boolean>[] = [];
  for (const { keyId, suite, signature } of signatures) {
    const rule = suiteRule(suite);
    const record = state.get(memberKeyPath(toHex(keyId)));
    if (record === undefined) {
      known = false;
      continue;
    }
    const key = decodeMemberKey(record);
    if (key.suite !== suite) throw ledgerError("ledger/unknown-suite", "the key has another suite");
    const barred = barredKey(key.status);
    if (barred !== null) throw refusalError(barred);
    const verdict = rule.verifyAside(p, key.publicKey, signedMessage(suite, id), signature);
    if (typeof verdict === "boolean") verdicts.push(verdict);
    else waiting.push(verdict);
  }
  if (waiting.length === 0) return fitting(verdicts) && known;
  return Promise.all(waiting).then((all) => fitting([...verdicts, ...all]) && known);
}

function fitting(verdicts: readonly boolean[]): true {
  if (verdicts.every((each) => each)) return true;
  throw ledgerError("ledger/bad-signature", "the signature does not fit the transaction");
}

function suiteRule(suite: string) {
  try {
    return suiteOf(suite);
  } catch (cause) {
    throw ledgerError("ledger/unknown-suite", "this version does not know the signature suite", {}, { cause });
  }
}
