/** Blocks as a verifier finds them in a log: gathered leaf by leaf, checked when their block leaf comes. */
import { equal, toHex } from "@anamnesis/core";
import { keyId, type Primitives, suiteOf } from "@anamnesis/crypto";
import type { Contract } from "./contract.ts";
import type { Receipt } from "./engine.ts";
import { closeBlock, type Execution, executeBlock, executeGenesis, type Host } from "./execute.ts";
import type { Genesis } from "./genesis.ts";
import type { Leaf } from "./leaf.ts";
import { leafHashes, treeHash } from "./merkle.ts";
import type { StateNodeStore } from "./state-tree.ts";
import { EMPTY_STATE, updateState } from "./state-tree.ts";
import { actingKey, parseTransaction, type SignedTransaction, signedMessage, transactionId } from "./transaction.ts";
import type { Problems } from "./verify-report.ts";

/** A block as it stands in the log. */
export interface FoundBlock {
  readonly sequence: number;
  readonly time: number;
  /** Log index of its first leaf. */
  readonly first: number;
  /** All its leaves, the block leaf included. */
  readonly leaves: readonly Uint8Array[];
  readonly stateRoot: Uint8Array;
  readonly commands: readonly FoundCommand[];
}

export interface FoundCommand {
  readonly index: number;
  readonly transaction: SignedTransaction;
}

/** Every leaf behind a command, up to the next one, is an attachment of it: contracts emit nothing else. */
export function foundCommand(
  p: Primitives,
  leaf: Extract<Leaf, { type: "command" }>,
  index: number,
  attachments: readonly Uint8Array[],
): FoundCommand {
  const { bytes, signatures } = leaf;
  const transaction = parseTransaction(bytes);
  const id = transactionId(p, actingKey(signatures), bytes);
  return { index, transaction: { id, bytes, transaction, signatures, attachments } };
}

export const receiptOf = (block: FoundBlock, { index, transaction }: FoundCommand): Receipt => ({
  id: transaction.id,
  index,
  count: 1 + transaction.attachments.length,
  sequence: block.sequence,
  time: block.time,
});

/**
 * Without a contract: signatures by the keys of genesis, and the root of each batch. Which keys count later is decided by
 * votes, which only a replay can count: once the registry has been at work, other keys' signatures are counted, not checked.
 */
export class BlockSignatures {
  /** Commands with a signature by a key that is not of genesis, behind the first command of the registry. */
  unfollowed = 0;
  #registryWorked = false;
  readonly #p: Primitives;
  readonly #keys: ReadonlyMap<string, { readonly suite: string; readonly publicKey: Uint8Array }>;

  constructor(p: Primitives, genesis: Genesis) {
    this.#p = p;
    const keys = genesis.organisations.flatMap((each) => each.keys);
    this.#keys = new Map(keys.map((key) => [toHex(keyId(p, suiteOf(key.suite).id, key.publicKey)), key]));
  }

  check(block: FoundBlock, problems: Problems): void {
    for (const { index, transaction } of block.commands) {
      if (transaction.transaction.kind.startsWith("registry.")) this.#registryWorked = true;
      this.#signatures(transaction, `leaf ${index}`, problems);
      if (!this.#rootFits(transaction)) {
        problems.add("events/wrong-root", "the events are not the ones that were signed", `leaf ${index}`);
      }
    }
  }

  #signatures(tx: SignedTransaction, where: string, problems: Problems): void {
    for (const { keyId: id, suite, signature } of tx.signatures) {
      const key = this.#keys.get(toHex(id));
      if (key === undefined && this.#registryWorked) {
        this.unfollowed++;
        return;
      }
      if (key === undefined || key.suite !== suite) {
        problems.add("ledger/unknown-key", "the signing key is not one of genesis", where);
      } else if (!suiteOf(suite).verify(this.#p, key.publicKey, signedMessage(suite, tx.id), signature)) {
        problems.add("ledger/bad-signature", "the signature does not fit the command", where);
      }
    }
  }

  /** A batch names count and root of its events as the last fields of its body (spec/encoding.md). */
  #rootFits({ transaction, attachments }: SignedTransaction): boolean {
    if (transaction.kind !== "events.batch") return true;
    const body = transaction.body;
    const [count, root] = Array.isArray(body) ? [body[4], body[5]] : [];
    if (count !== attachments.length || !(root instanceof Uint8Array)) return false;
    return equal(treeHash(this.#p, leafHashes(this.#p, attachments)), root);
  }
}

/** With a contract: executes every block again. Leaves, signatures and state roots must come out the same. */
export class Replay {
  readonly #p: Primitives;
  readonly #host: Host;
  readonly #genesis: Genesis;
  readonly state = new Map<string, Uint8Array>();
  readonly nodes = new MemoryNodes();
  #root: Uint8Array = EMPTY_STATE;

  constructor(p: Primitives, contract: Contract, genesis: Genesis) {
    this.#p = p;
    this.#genesis = genesis;
    this.#host = { primitives: p, contract, chain: genesis.chain, state: this.state };
  }

  check(block: FoundBlock, problems: Problems): void {
    const where = `block ${block.sequence}`;
    const execution = this.#execute(block, problems);
    if (execution.leaves.length === 0) {
      problems.add("ledger/bad-block", "the block changes nothing", where);
      return;
    }
    this.#root = updateState(this.#p, this.nodes, this.#root, execution.changes);
    for (const [key, value] of execution.changes) {
      if (value === undefined) this.state.delete(key);
      else this.state.set(key, value);
    }
    const { leaves } = closeBlock(this.#p, execution, block, this.#root);
    const same =
      leaves.length === block.leaves.length && leaves.every((leaf, i) => equal(leaf, block.leaves[i] ?? leaf));
    if (!equal(this.#root, block.stateRoot)) {
      problems.add("ledger/bad-block", "the block's state root does not follow from its commands", where);
    } else if (!same) problems.add("ledger/bad-block", "the block's leaves do not follow from its commands", where);
  }

  #execute(block: FoundBlock, problems: Problems): Execution {
    if (block.sequence === 0) return executeGenesis(this.#host, this.#genesis);
    const transactions = block.commands.map((each) => each.transaction);
    const execution = executeBlock(this.#host, { sequence: block.sequence, time: block.time, transactions });
    execution.results.forEach((result, i) => {
      if (result.accepted) return;
      problems.add(result.refusal.code, result.refusal.message, `leaf ${block.commands[i]?.index ?? block.first}`);
    });
    return execution;
  }
}

/** The state tree in memory. */
export class MemoryNodes implements StateNodeStore {
  readonly #nodes = new Map<string, Uint8Array>();

  get size(): number {
    return this.#nodes.size;
  }

  get(path: Uint8Array): Uint8Array | undefined {
    return this.#nodes.get(toHex(path));
  }

  put(path: Uint8Array, node: Uint8Array): void {
    this.#nodes.set(toHex(path), node);
  }

  delete(path: Uint8Array): void {
    this.#nodes.delete(toHex(path));
  }
}
