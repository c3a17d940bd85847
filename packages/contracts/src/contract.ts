/** The contract of this version: one table of commands over all modules. */

import { toHex } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import { type Contract, encodeMemberKey, memberKeyPath, type SignedTransaction } from "@anamnesis/ledger";
import { events } from "./events/module.ts";
import type { Command } from "./module.ts";

const commands: ReadonlyMap<string, Command> = new Map(Object.entries({ ...events }));

export const contract: Contract = {
  genesis(context, genesis) {
    for (const organisation of genesis.organisations) {
      for (const { suite, publicKey } of organisation.keys) {
        const id = toHex(keyId(context.primitives, suiteOf(suite).id, publicKey));
        context.put(memberKeyPath(id), encodeMemberKey(suite, publicKey, organisation.id));
      }
    }
  },

  check(transaction) {
    return commandOf(transaction)?.check(transaction) ?? unknownKind(transaction);
  },

  handle(context, transaction) {
    const command = commandOf(transaction);
    return command === undefined ? unknownKind(transaction) : command.handle(context, transaction);
  },
};

const commandOf = (tx: SignedTransaction): Command | undefined => commands.get(tx.transaction.kind);

function unknownKind(tx: SignedTransaction) {
  if (commandOf(tx) !== undefined) return null;
  return { code: "ledger/unknown-kind", message: `no contract module handles ${tx.transaction.kind}` } as const;
}
