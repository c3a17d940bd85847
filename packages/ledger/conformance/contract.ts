/**
 * The contract that engines are tested with: small enough to be its own model. `test.put` writes a value, `test.delete`
 * removes one, `test.emit` appends its attachments, `test.refuse` does all of it and then says no.
 */
import { asBytesUpTo, asText, asTuple, toHex } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import {
  type Context,
  type Contract,
  encodeMemberKey,
  leafHashes,
  memberKeyPath,
  type SignedTransaction,
} from "../src/index.ts";

export const KINDS = ["test.put", "test.delete", "test.emit", "test.refuse"] as const;
export type TestKind = (typeof KINDS)[number];

/** State key behind a name used in a test command. */
export const statePathOf = (name: string): string => `test/${name}`;

export const testContract: Contract = {
  genesis(context, genesis) {
    for (const { id, keys } of genesis.organisations) {
      for (const { suite, publicKey } of keys) {
        const name = toHex(keyId(context.primitives, suiteOf(suite).id, publicKey));
        context.put(memberKeyPath(name), encodeMemberKey(suite, publicKey, id));
      }
    }
  },

  check({ transaction }) {
    if (KINDS.some((kind) => kind === transaction.kind)) return null;
    return { code: "ledger/unknown-kind", message: "the test contract has no such command" };
  },

  handle(context, tx) {
    apply(context, tx);
    return tx.transaction.kind === "test.refuse" ? { code: "test/refused", message: "as asked" } : null;
  },
};

function apply(context: Context, { transaction, attachments }: SignedTransaction): void {
  const [name, value] = asTuple(transaction.body, 2, "test command");
  const key = statePathOf(asText(name, 64, "name"));
  if (transaction.kind === "test.delete") context.delete(key);
  else context.put(key, asBytesUpTo(value, 1024, "value"));
  if (attachments.length > 0) context.emit(attachments, leafHashes(context.primitives, attachments));
}
