/**
 * Collects events into batches: 4,096 events, 600 KiB, or 50 ms after the first, whichever comes first. A batch that fills so
 * fast that it will soon be full is waited for: every batch costs a signature, a block and transactions on two disks.
 */
import { BATCH_KIND, encodeBatchBody, type Position } from "@anamnesis/contracts";
import { type ChainId, invariant, type SourceId } from "@anamnesis/core";
import type { Primitives, Signer } from "@anamnesis/crypto";
import {
  type Engine,
  LIMITS,
  leafHashes,
  type Receipt,
  type SignedTransaction,
  signTransaction,
  treeHash,
  unpackAttachments,
} from "@anamnesis/ledger";
import { captureError } from "./errors.ts";
import { LeafCollector, type Leaves } from "./leaves.ts";

const WAIT_MS = 50;
/** Events within one wait for which the next one is worth while; so a batch waits eight times at the most. */
const FAST_EVENTS = 512;
const LIFETIME_S = 3_600;
/** Events that go together tell of rows' handles: they are some 200 bytes long. */
const TOGETHER_BYTES = 1_024;

export interface Batch {
  /** Counted from 1 within one run. */
  readonly number: number;
  readonly incarnation: Uint8Array;
  readonly from: Position;
  readonly to: Position;
  readonly leaves: Leaves;
}

export class Batcher {
  readonly #close: (batch: Batch) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #leaves = new LeafCollector();
  #from: Position;
  #to: Position;
  #incarnation: Uint8Array;
  #closed = 0;
  /** How many events it had when the wait began. */
  #before = 0;
  #timer: NodeJS.Timeout | undefined;
  #together = false;

  /** `onFailure`: hears what `close` throws when nobody called, but the time was up. */
  constructor(
    from: Position,
    incarnation: Uint8Array,
    close: (batch: Batch) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#from = from;
    this.#to = from;
    this.#incarnation = incarnation;
    this.#close = close;
    this.#onFailure = onFailure;
  }

  /** The batch that the events added so far are in: once it is final, so are they all. */
  get current(): number {
    return this.#closed + (this.#leaves.length > 0 ? 1 : 0);
  }

  /** Starts a new stretch: the next batch begins at `from`. Only between batches. */
  jump(from: Position, incarnation: Uint8Array): void {
    this.flush();
    this.#from = from;
    this.#to = from;
    this.#incarnation = incarnation;
  }

  /** Copies the leaf. */
  add(leaf: Uint8Array, lsn: bigint, ordinal: number): void {
    if (leaf.length > LIMITS.leafBytes) throw captureError("capture/row-too-large", "an event is larger than a leaf");
    if (!this.#leaves.hasRoom(1, leaf.length)) this.flush();
    if (this.#leaves.length === 0) this.#wait();
    this.#leaves.add(leaf);
    this.#to = { lsn, ordinal };
  }

  /** What `work` adds stands in one batch, and so is final together or not at all: at most `events`, of 1 KiB each. */
  together(events: number, work: () => void): void {
    if (!this.#leaves.hasRoom(events, events * TOGETHER_BYTES)) this.flush();
    this.#together = true;
    try {
      work();
    } finally {
      this.#together = false;
    }
  }

  /** Closes the batch under way, if it has any event. */
  flush(): void {
    invariant(!this.#together, "what belongs together stands in one batch");
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#leaves.length === 0) return;
    const batch: Batch = {
      number: ++this.#closed,
      incarnation: this.#incarnation,
      from: this.#from,
      to: this.#to,
      leaves: this.#leaves.take(),
    };
    this.#from = this.#to;
    this.#close(batch);
  }

  #wait(): void {
    this.#before = this.#leaves.length;
    this.#timer = setTimeout(() => this.#timeUp(), WAIT_MS);
  }

  #timeUp(): void {
    if (this.#leaves.length - this.#before >= FAST_EVENTS) return this.#wait();
    try {
      this.flush();
    } catch (error) {
      this.#onFailure(error);
    }
  }

  /** Drops what was not closed; for a run that ends in an error. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#leaves.clear();
  }
}

export interface BatchSigner {
  readonly primitives: Primitives;
  readonly signer: Signer;
  readonly chain: ChainId;
  readonly source: SourceId;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The last nonce used, here or by the ledger's account; nonces rise for ever, so they follow the clock. */
  nonce: number;
}

/** Signs a batch and submits it; the root is computed where the engine runs, if that spares this thread the hashing. */
export function submitBatch(
  engine: Pick<Engine, "submit" | "submitAttached">,
  how: BatchSigner,
  batch: Batch,
): Promise<Receipt> {
  if (engine.submitAttached !== undefined) {
    return engine.submitAttached(batch.leaves.packed, (root) => signBatch(how, batch, root, []));
  }
  const leaves = unpackAttachments(batch.leaves.packed);
  const root = treeHash(how.primitives, leafHashes(how.primitives, leaves));
  return engine.submit(signBatch(how, batch, root, leaves));
}

function signBatch(
  how: BatchSigner,
  batch: Batch,
  root: Uint8Array,
  attachments: readonly Uint8Array[],
): SignedTransaction {
  how.nonce = Math.max(how.nonce + 1, how.now() * 1000);
  // A clock that was put back stands behind the ledger's time, which never runs backwards; the nonces tell how far.
  const now = Math.max(how.now(), Math.floor(how.nonce / 1000));
  const { incarnation, from, to, leaves } = batch;
  const body = encodeBatchBody({ source: how.source, incarnation, from, to, count: leaves.length, root });
  const expires = Math.floor(now / 1000) + LIFETIME_S;
  const transaction = { chain: how.chain, kind: BATCH_KIND, nonce: how.nonce, expires, body };
  return signTransaction(how.primitives, transaction, [how.signer], attachments);
}
