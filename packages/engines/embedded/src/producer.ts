/** Ordering: gives a block its number and its time, makes it, signs the checkpoint and writes all of it in one transaction. */
import type { Clock } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  type Contract,
  EMPTY_STATE,
  executeGenesis,
  type FinalBlock,
  type Genesis,
  type Host,
  type NoteSigner,
  type Receipt,
  type Refusal,
  type SignedTransaction,
  updateState,
} from "@anamnesis/ledger";
import type { Anchor } from "./anchor.ts";
import { buildBlock } from "./block.ts";
import { BlockMaker } from "./block-maker.ts";
import { NodeOverlay } from "./node-overlay.ts";
import type { CurrentState } from "./state.ts";
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
  readonly #maker: BlockMaker;

  constructor(options: ProducerOptions, store: Store, genesis: Genesis, anchor: Anchor) {
    this.#options = options;
    this.#store = store;
    this.#maker = new BlockMaker(options, store, genesis, anchor);
  }

  get anchor(): Anchor {
    return this.#maker.anchor;
  }

  get state(): CurrentState {
    return this.#maker.state;
  }

  /** Notes that all signatures of a transaction were checked. Holds for this very object, not for its id. */
  markVerified(transaction: SignedTransaction): void {
    this.#maker.markVerified(transaction);
  }

  /** @throws AnamnesisError of the store; then nothing was written and the producer stands where it stood. */
  produce(transactions: readonly SignedTransaction[]): Produced {
    const { clock, signer } = this.#options;
    const last = this.anchor.block;
    // Agreed time never runs backwards, whatever the clock does.
    const block = { sequence: last.sequence + 1, time: Math.max(clock.now(), last.time), transactions };
    const execution = this.#maker.execute(block);
    const refused = execution.results.flatMap((each) => (each.accepted ? [] : [each.refusal]));
    if (refused.length === transactions.length) return { outcomes: refused, block: undefined };
    const closed = this.#maker.close(block, execution, signer);
    const { write } = closed.built;
    this.#store.append(write);
    this.#maker.adopt(closed);
    const receipts = write.receipts.values();
    const outcomes = execution.results.map((each) => (each.accepted ? next(receipts) : each.refusal));
    const { sequence, time, first, size } = write.block;
    return { outcomes, block: { sequence, time, first, size, refused } };
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
