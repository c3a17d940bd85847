/** A contract is a list of modules, put together where things are composed: one table of commands over all of them. */

import { invariant } from "@anamnesis/core";
import type { Contract, Refusal, SignedTransaction } from "@anamnesis/ledger";
import { events } from "./events/module.ts";
import { incentive } from "./incentive/module.ts";
import type { Command, Module } from "./module.ts";
import { registry } from "./registry/module.ts";

/**
 * The founding state is written in the order of the modules. Every log is bound to the modules it was executed with: one more
 * module changes nothing for a log without its commands, unless it writes at the foundation.
 * @throws AnamnesisError `core/invariant` when two modules claim one name, or a command stands outside its module's name
 */
export function contractOf(modules: readonly Module[]): Contract {
  const commands = tableOf(modules);
  const commandOf = (tx: SignedTransaction) => commands.get(tx.transaction.kind);
  return {
    genesis(context, genesis) {
      for (const module of modules) module.genesis?.(context, genesis);
    },
    check(transaction) {
      const command = commandOf(transaction);
      return command === undefined ? unknownKind(transaction) : command.check(transaction);
    },
    handle(context, transaction) {
      const command = commandOf(transaction);
      const refusal = command === undefined ? unknownKind(transaction) : command.handle(context, transaction);
      if (refusal === null) for (const module of modules) module.accepted?.(context, transaction);
      return refusal;
    },
  };
}

function tableOf(modules: readonly Module[]): ReadonlyMap<string, Command> {
  const table = new Map<string, Command>();
  const names = new Set<string>();
  for (const { name, commands } of modules) {
    invariant(/^[a-z][a-z-]{0,30}$/.test(name) && !names.has(name), "each module has a name of its own");
    names.add(name);
    for (const [kind, command] of Object.entries(commands)) {
      invariant(kind.startsWith(`${name}.`), "a command is named after its module");
      invariant(!table.has(kind), "each command has one module");
      table.set(kind, command);
    }
  }
  return table;
}

const unknownKind = ({ transaction }: SignedTransaction): Refusal => ({
  code: "ledger/unknown-kind",
  message: `no contract module handles ${transaction.kind}`,
});

/** The modules of this version. */
export const MODULES: readonly Module[] = [registry, events, incentive];

export const contract: Contract = contractOf(MODULES);
