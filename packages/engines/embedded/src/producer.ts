/**
 * Makes blocks: executes, updates the state tree, extends the tiles, signs the checkpoint, and writes all of it in one
 * transaction. Everything is computed beside the current state and becomes current only after COMMIT, so a block that
 * cannot be written leaves nothing to undo.
 */
import type { Clock } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  type Contract,
  EMPTY_STATE,
  executeBlock,
  executeGenesis,
  type FinalBlock,
  type Genesis,
  type Host,
  type NoteSigner,
  type Receipt,
  type Refusal,
  type SignedTransaction,
  TILE_WIDTH,
  updateState,
} from "@anamnesis/ledger";
import { type Anchor, readLeaves } from "./anchor.ts";
import { type BuiltBlock, buildBlock } from "./block.ts";
import { CurrentState, NodeOverlay } from "./state.ts";
import type { BlockWrite, Store } from "./store.ts";

export interface ProducerOptions {
  readonly primitives: Primitives;
  readonly contract: Contract;
  readonly signer: NoteSigner;
  readonly clock: Clock;
}

/** What became of each transaction, in order. `block` is undefined when all were refused: then nothing was written. */
export interface Produced {
  readonly outcomes: readonly (Receipt | Refusal)[];
  readonly block: FinalBlock | undefined;
}

export class Producer {
  readonly #options: ProducerOptions;
  readonly #store: Store;
  readonly #host: Host;
  readonly #verified = new WeakSet<Uint8Array>();
  readonly state: CurrentState;
  #anchor: Anchor;
  #tail: readonly Uint8Array[];

  constructor(options: ProducerOptions, store: Store, genesis: Genesis, anchor: Anchor) {
    const { primitives, contract } = options;
    this.#options = options;
    this.#store = store;
    this.#anchor = anchor;
    const { size } = anchor.tree;
    const partial = size % TILE_WIDTH !== 0;
    this.#tail = partial ? readLeaves(primitives, store, anchor.tree, Math.floor(size / TILE_WIDTH)) : [];
    this.state = new CurrentState(primitives, store, anchor.stateRoot);
    const verified = (id: Uint8Array) => this.#verified.has(id);
    this.#host = { primitives, contract, chain: genesis.chain, state: this.state, verified };
  }

  get anchor(): Anchor {
    return this.#anchor;
  }

  /** Notes that all signatures of a transaction were checked. Holds for this very object, not for its id. */
  markVerified(transaction: SignedTransaction): void {
    this.#verified.add(transaction.id);
  }

  /** @throws AnamnesisError of the store; then nothing was written and the producer stands where it stood. */
  produce(transactions: readonly SignedTransaction[]): Produced {
    const { primitives, clock, signer } = this.#options;
    const last = this.#anchor;
    // Agreed time never runs backwards, whatever the clock does.
    const time = Math.max(clock.now(), last.block.time);
    const block = { sequence: last.block.sequence + 1, time, transactions };
    const execution = executeBlock(this.#host, block);
    const refused = execution.results.flatMap((each) => (each.accepted ? [] : [each.refusal]));
    if (refused.length === transactions.length) return { outcomes: refused, block: undefined };
    const state = this.state.update(execution.changes);
    const { tree } = last;
    const end = { size: tree.size, tail: this.#tail, tile: tree.tile, frontier: tree.frontier };
    const built = buildBlock(primitives, signer, end, block, execution, state);
    this.#store.append(built.write);
    this.state.committed(state.root, execution.changes);
    this.#advance(built, state.root);
    const receipts = built.write.receipts.values();
    const outcomes = execution.results.map((each) => (each.accepted ? next(receipts) : each.refusal));
    const { first, size } = built.write.block;
    return { outcomes, block: { sequence: block.sequence, time, first, size, refused } };
  }

  #advance({ write, appended, tail, blockLeaf }: BuiltBlock, stateRoot: Uint8Array): void {
    const { size, root, writes, frontier } = appended;
    const { note } = write.block;
    this.#anchor = {
      block: write.block,
      checkpoint: { origin: this.#options.signer.name, size, root, note },
      tree: this.#anchor.tree.grown(writes, frontier),
      blockLeaf,
      stateRoot,
    };
    this.#tail = tail;
  }
}

function next<T>(values: Iterator<T, unknown>): T {
  const result = values.next();
  if (result.done === true) throw new RangeError("fewer receipts than accepted transactions");
  return result.value;
}

/** The rows of the first block: genesis leaf, founding state, block leaf. */
export function foundingBlock(options: Omit<ProducerOptions, "clock">, genesis: Genesis): BlockWrite {
  const { primitives, contract, signer } = options;
  const host: Host = { primitives, contract, chain: genesis.chain, state: { get: () => undefined } };
  const execution = executeGenesis(host, genesis);
  const nodes = new NodeOverlay(undefined);
  const root = updateState(primitives, nodes, EMPTY_STATE, execution.changes);
  const end = { size: 0, tail: [], tile: () => undefined };
  const block = { sequence: 0, time: genesis.time, transactions: [] };
  return buildBlock(primitives, signer, end, block, execution, { root, nodes }).write;
}
