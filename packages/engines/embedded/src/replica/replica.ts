/**
 * A ledger that somebody else orders, executed again block by block. A block is taken only when its leaves, its state root and
 * its signed checkpoint come out exactly as its orderer says; then it is as durable as the orderer's own. The store has the
 * orderer's format, so whatever reads a ledger reads a replica.
 */
import { equal } from "@anamnesis/core";
import {
  type FinalBlock,
  type Genesis,
  type LogReader,
  ledgerError,
  type Receipt,
  type SignedTransaction,
  type StateNodeStore,
  type StateReader,
} from "@anamnesis/ledger";
import { checkSignatures } from "../admission.ts";
import { loadAnchor } from "../anchor.ts";
import { BlockMaker, type ClosedBlock, type MakerOptions } from "../block-maker.ts";
import type { Lock } from "../lock.ts";
import { NodeOverlay } from "../node-overlay.ts";
import { StoreReader } from "../reader.ts";
import type { RememberedCheckpoint } from "../remembered.ts";
import { holds, type Seen } from "../rollback.ts";
import type { BlockRow, Store } from "../store.ts";
import { TileCache } from "../tree-view.ts";
import { type CopiedSigner, copiedSigner } from "./copied-signer.ts";
import { BlockRefused, type LoggedBlock } from "./objection.ts";

export interface ReplicaParts {
  readonly options: MakerOptions;
  readonly store: Store;
  readonly genesis: Genesis;
  readonly remembered: RememberedCheckpoint;
  readonly lock: Lock;
  /** What this member had seen of the log before it was restored to an older state. */
  readonly expected?: Seen;
  /** Called once it was reached. */
  readonly onReached?: () => void;
}

/** A block that has just become durable here. */
export interface AppliedBlock extends FinalBlock {
  readonly receipts: readonly Receipt[];
}

export interface Newest {
  readonly sequence: number;
  readonly time: number;
  /** Size and root of the log behind it, and the checkpoint that says so. */
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

export class Replica {
  readonly #parts: ReplicaParts;
  readonly #listeners = new Set<(block: AppliedBlock) => void>();
  readonly reader: LogReader & Pick<StoreReader, "receipt" | "rootAt">;
  #maker: BlockMaker;
  #closed = false;
  #expected: Seen | undefined;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#expected = parts.expected;
    this.#maker = this.#load();
    const { options, store, genesis } = parts;
    this.reader = new StoreReader(options.primitives, store, genesis, () => this.#maker.anchor);
  }

  get genesis(): Genesis {
    return this.#parts.genesis;
  }

  /** The newest block that was executed here; its time in ms. */
  get newest(): Newest {
    const { block, checkpoint } = this.#maker.anchor;
    const { sequence, time, size, note } = block;
    return { sequence, time, size, note, root: checkpoint.root };
  }

  /** A newer checkpoint that this member saw before it was restored: the log must lead to it. */
  get expected(): Seen | undefined {
    return this.#expected;
  }

  /** The state behind the newest block, every value proved before it is given out. For evidence: see `BlockRefused`. */
  get state(): StateReader {
    return this.#maker.state;
  }

  get nodes(): StateNodeStore {
    return new NodeOverlay(this.#parts.store);
  }

  /** Signed checkpoints of up to `count` blocks from `sequence` on. */
  notes(sequence: number, count: number): readonly string[] {
    return this.#parts.store.notes(sequence, count);
  }

  /**
   * Takes the blocks that follow, in one durable transaction; they must have been checked against a signed checkpoint of the
   * log, as `readLog` does. When one of them is refused, those before it are kept.
   * @throws BlockRefused `ledger/bad-block`; AnamnesisError `ledger/bad-checkpoint` when a note is not the log's,
   *   `ledger/disk-full`, `ledger/closed`
   */
  apply(blocks: readonly LoggedBlock[]): void {
    if (this.#closed) throw ledgerError("ledger/closed", "the replica was closed");
    const applied: ClosedBlock[] = [];
    try {
      this.#parts.store.transaction(() => {
        for (const block of blocks) {
          const closed = this.#execute(block);
          this.#parts.store.put(closed.built.write);
          this.#maker.adopt(closed);
          applied.push(closed);
        }
      });
    } catch (error) {
      this.#maker = this.#load();
      if (error instanceof BlockRefused && applied.length > 0) this.apply(blocks.slice(0, applied.length));
      throw error;
    }
    this.#remember();
    for (const { built } of applied) this.#announce(built.write.block, built.write.receipts);
  }

  /**
   * Checks the signatures of a block that is to be applied later, beside this thread where the platform can, so that `apply`
   * need not. What does not fit, or cannot be said yet, is left for `apply` to judge. Never rejects.
   */
  async verifyAside({ commands }: LoggedBlock): Promise<void> {
    const { primitives } = this.#parts.options;
    const verify = async (transaction: SignedTransaction): Promise<void> => {
      try {
        if (await checkSignatures(primitives, this.#maker.state, transaction)) this.#maker.markVerified(transaction);
      } catch {
        // `apply` comes upon the same again, and says what it is.
      }
    };
    await Promise.all(commands.map((each) => verify(each.transaction)));
  }

  /** Calls back after each block became durable here, in order, until the signal aborts. A listener must not throw. */
  subscribe(listener: (block: AppliedBlock) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const each = (block: AppliedBlock) => listener(block);
    this.#listeners.add(each);
    signal.addEventListener("abort", () => this.#listeners.delete(each), { once: true });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listeners.clear();
    const { remembered, store, lock } = this.#parts;
    remembered.close();
    try {
      store.close();
    } finally {
      lock.release();
    }
  }

  /** What was seen before stays remembered until the log has led there. */
  #remember(): void {
    const { remembered, onReached } = this.#parts;
    if (this.#expected !== undefined) {
      if (!holds(this.#parts.options.primitives, this.#maker.anchor, this.#expected)) return;
      this.#expected = undefined;
      remembered.remember(this.newest.note);
      onReached?.();
      return;
    }
    remembered.remember(this.newest.note);
  }

  #load(): BlockMaker {
    const { options, store, genesis } = this.#parts;
    return new BlockMaker(options, store, genesis, loadAnchor(options.primitives, store, genesis, new TileCache()));
  }

  #execute(block: LoggedBlock): ClosedBlock {
    const { block: last } = this.#maker.anchor;
    const fits = block.sequence === last.sequence + 1 && block.first === last.size;
    if (!fits) throw this.#refused(block, `it does not follow block ${last.sequence}`);
    if (block.time < last.time) throw this.#refused(block, "its time lies before that of the block before it");
    const { primitives } = this.#parts.options;
    const signer = copiedSigner(primitives, this.genesis, block.note);
    const { sequence, time, commands } = block;
    const given = { sequence, time, transactions: commands.map((each) => each.transaction) };
    const execution = this.#maker.execute(given);
    const refused = execution.results.find((each) => !each.accepted);
    if (refused !== undefined) throw this.#refused(block, `a command in it is to be refused: ${refused.refusal.code}`);
    if (execution.leaves.length === 0) throw this.#refused(block, "it changes nothing");
    const closed = this.#maker.close(given, execution, signer);
    if (!sameLeaves(closed.built.leaves, block.leaves)) {
      throw this.#refused(block, "its leaves or its state root do not follow from its commands");
    }
    requireCheckpoint(block, closed, signer);
    return closed;
  }

  #refused(block: LoggedBlock, why: string): BlockRefused {
    const { block: last, blockLeaf, stateRoot } = this.#maker.anchor;
    const previous = { leaf: blockLeaf, index: last.size - 1, stateRoot };
    return new BlockRefused(`block ${block.sequence} breaks the rules (${why})`, {
      kind: "bad-block",
      block,
      previous,
    });
  }

  #announce({ sequence, time, first, size }: BlockRow, receipts: readonly Receipt[]): void {
    const block = { sequence, time, first, size, refused: [], receipts };
    for (const listener of this.#listeners) {
      try {
        listener(block);
      } catch (error) {
        this.#listeners.delete(listener);
        process.emitWarning(error instanceof Error ? error : "a listener threw", "AnamnesisListener");
      }
    }
  }
}

function requireCheckpoint(block: LoggedBlock, { built }: ClosedBlock, { checkpoint }: CopiedSigner): void {
  const { size, root } = built.appended;
  if (checkpoint.size !== size) {
    throw ledgerError("ledger/bad-checkpoint", "the signed checkpoint is that of another block", {
      block: block.sequence,
    });
  }
  if (!equal(checkpoint.root, root)) {
    const { note } = block;
    throw new BlockRefused(`the log's key signed two trees of ${size} leaves`, { kind: "fork", note });
  }
}

const sameLeaves = (ours: readonly Uint8Array[], theirs: readonly Uint8Array[]): boolean =>
  ours.length === theirs.length && ours.every((leaf, i) => equal(leaf, theirs[i] ?? new Uint8Array(0)));
