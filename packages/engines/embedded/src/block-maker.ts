/**
 * Making blocks upon a store: executes, updates the state tree, extends the tiles. Everything is computed beside the
 * current state and becomes current only when it is adopted, so a block that cannot be written leaves nothing to undo. Whoever
 * orders signs the checkpoint; whoever follows has it signed already.
 */
import type { Primitives } from "@anamnesis/crypto";
import {
  type Block,
  type Contract,
  type Execution,
  executeBlock,
  type Genesis,
  type Host,
  type NoteSigner,
  type SignedTransaction,
  TILE_WIDTH,
} from "@anamnesis/ledger";
import { type Anchor, readLeaves } from "./anchor.ts";
import { type BuiltBlock, buildBlock, type StateAfter } from "./block.ts";
import { CurrentState } from "./state.ts";
import type { Store } from "./store.ts";

export interface MakerOptions {
  readonly primitives: Primitives;
  readonly contract: Contract;
}

/** An executed block with everything that has to be stored for it. */
export interface ClosedBlock {
  readonly execution: Execution;
  readonly state: StateAfter;
  readonly built: BuiltBlock;
}

export class BlockMaker {
  readonly #primitives: Primitives;
  readonly #host: Host;
  readonly #verified = new WeakSet<Uint8Array>();
  readonly state: CurrentState;
  #anchor: Anchor;
  #tail: readonly Uint8Array[];

  constructor({ primitives, contract }: MakerOptions, store: Store, genesis: Genesis, anchor: Anchor) {
    this.#primitives = primitives;
    this.#anchor = anchor;
    const { size } = anchor.tree;
    const partial = size % TILE_WIDTH !== 0;
    this.#tail = partial ? readLeaves(primitives, store, anchor.tree, Math.floor(size / TILE_WIDTH)) : [];
    this.state = new CurrentState(primitives, store, anchor.stateRoot);
    const verified = (id: Uint8Array) => this.#verified.has(id);
    this.#host = { primitives, contract, chain: genesis.chain, state: this.state, verified };
  }

  /** The newest block that was adopted. */
  get anchor(): Anchor {
    return this.#anchor;
  }

  /** Notes that all signatures of a transaction were checked. Holds for this very object, not for its id. */
  markVerified(transaction: SignedTransaction): void {
    this.#verified.add(transaction.id);
  }

  execute(block: Block): Execution {
    return executeBlock(this.#host, block);
  }

  close(block: Block, execution: Execution, signer: NoteSigner): ClosedBlock {
    const state = this.state.update(execution.changes);
    const { tree } = this.#anchor;
    const end = { size: tree.size, tail: this.#tail, tile: tree.tile, frontier: tree.frontier };
    return { execution, state, built: buildBlock(this.#primitives, signer, end, block, execution, state) };
  }

  /** To be called once the store has `built.write`. */
  adopt({ execution, state, built }: ClosedBlock): void {
    this.state.committed(state.root, execution.changes);
    const { write, appended, tail, blockLeaf } = built;
    const { size, root, writes, frontier } = appended;
    this.#anchor = {
      block: write.block,
      checkpoint: { origin: this.#anchor.checkpoint.origin, size, root, note: write.block.note },
      tree: this.#anchor.tree.grown(writes, frontier),
      blockLeaf,
      stateRoot: state.root,
    };
    this.#tail = tail;
  }
}
