/**
 * The way of events to the ledger within one session: sealer → batcher → submitter → index, and back: which positions
 * have passed. Everything up to the engine's `submit` is synchronous, so a row is sealed while its bytes still lie in the
 * socket's buffer, and memory holds a bounded number of batches whatever the size of a transaction.
 */
import type { Position } from "@anamnesis/contracts";
import { toHex } from "@anamnesis/core";
import type { Receipt } from "@anamnesis/ledger";
import { type Batch, Batcher, type BatchSigner, submitBatch } from "./batcher.ts";
import type { CaptureOptions } from "./capture.ts";
import { Contradictions } from "./contradictions/contradictions.ts";
import { Judge } from "./contradictions/judge.ts";
import { Successions } from "./contradictions/successions.ts";
import { FieldDigests } from "./digests/sealing.ts";
import type { EventSink } from "./lot.ts";
import { Marks } from "./marks.ts";
import { NamedRows } from "./named-rows.ts";
import { followNonce } from "./nonce.ts";
import type { PlacedLeaf } from "./row-index.ts";
import { Sealer } from "./sealer.ts";
import { SubjectSealers } from "./subject-sealers.ts";
import { Submitter } from "./submitter.ts";
import { Touched } from "./touched.ts";

/** Batches on their way at which reading stops, and at which it goes on. */
const HIGH = 10;
const LOW = 5;

export interface FlowEvents {
  readonly onFinal: (events: number) => void;
  readonly onWaiting: (code: string) => void;
  readonly onFailure: (error: unknown) => void;
}

export class Flow implements EventSink {
  readonly marks = new Marks();
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Rows with events on their way, while `watchRows` was called. */
  readonly touched = new Touched();
  /** Rows that were altered behind capture, as later changes show. */
  readonly contradictions: Contradictions;
  readonly batcher: Batcher;
  readonly sealer: Sealer;
  readonly #o: CaptureOptions;
  readonly #events: FlowEvents;
  readonly #submitter: Submitter;
  readonly #digests: FieldDigests;
  readonly #names = new NamedRows();
  /** What became final since the index was written last. */
  #unindexed: { readonly batch: Batch; readonly receipt: Receipt }[] = [];
  #actors: { actor: Uint8Array; name: string }[] = [];
  #indexedBatch = 0;
  #sealed = 0;
  #final = 0;
  #finalTo: Position;
  /** Where the source has delivered everything before, while events of it wait to be sealed. */
  #reached: bigint | undefined;

  constructor(
    options: CaptureOptions,
    signer: BatchSigner,
    from: Position,
    incarnation: Uint8Array,
    events: FlowEvents,
  ) {
    this.#o = options;
    this.#events = events;
    this.now = signer.now;
    const { primitives, keystore, handles, sourceId, engine, signal } = options;
    this.#finalTo = from;
    this.batcher = new Batcher(from, incarnation, (batch) => this.#submit(batch), events.onFailure);
    const sealers = new SubjectSealers(primitives, keystore);
    this.#digests = new FieldDigests({
      store: options.digests,
      life: incarnation,
      newest: (table, row) => options.index.newestAt(table, row),
    });
    this.contradictions = contradictionsOf(options, sealers);
    const { actorOf } = options;
    this.sealer = new Sealer({
      ...{ source: sourceId, handles, sealers, sink: this, digests: this.#digests },
      soon: (seal) => queueMicrotask(() => this.#guarded(seal)),
      witness: this.contradictions,
      ...(actorOf === undefined ? {} : { actorOf }),
    });
    this.#submitter = new Submitter({
      signal,
      patient: options.patient === true,
      submit: (batch) => submitBatch(engine, signer, batch),
      renew: (refusals) => followNonce(engine, signer, refusals),
      onFinal: (batch, receipt) => this.#onFinal(batch, receipt),
      onWaiting: events.onWaiting,
      onFailure: events.onFailure,
    });
  }

  get pending(): number {
    return this.#sealed - this.#final;
  }

  /** The newest event that is final, or where the session began. */
  get finalTo(): Position {
    return this.#finalTo;
  }

  /** Whether reading should stop until `relief`. */
  get full(): boolean {
    return this.#submitter.outstanding >= HIGH;
  }

  /** Why nothing becomes final for now, as a code. */
  get waiting(): string | undefined {
    return this.#submitter.waiting;
  }

  relief(): Promise<void> {
    return this.#submitter.below(LOW);
  }

  /** Everything before `position` has been delivered. */
  reach(position: bigint): void {
    if (this.sealer.waits) this.#reached = position;
    else this.marks.reach(position, this.batcher.current);
  }

  /** A verifier's marker: passed together with everything delivered before it, which leaves at once. */
  barrier(token: string): void {
    this.sealer.seal();
    this.marks.barrier(token, this.batcher.current);
    this.batcher.flush();
  }

  /** Everything delivered so far leaves at once. */
  depart(): void {
    this.sealer.seal();
    this.batcher.flush();
  }

  /** Everything delivered so far is final and indexed. Rejects when a batch failed for good. */
  async drain(): Promise<void> {
    this.depart();
    await this.#submitter.below(0);
  }

  /** Brings the index up to what is final, which moves `marks`. A failure goes the way of a batch that failed. */
  index(): void {
    if (this.#unindexed.length > 0) this.#guarded(() => this.#writeIndex());
  }

  /** Ends the session with this error. */
  fail(error: unknown): void {
    this.#events.onFailure(error);
  }

  /** Lets what was submitted settle, drops the rest: afterwards the ledger's position holds still. */
  async abandon(): Promise<void> {
    this.batcher.discard();
    await this.#submitter.settled();
  }

  event(leaf: Uint8Array, lsn: bigint, ordinal: number, table: Uint8Array, row: Uint8Array | null): void {
    this.#sealed++;
    this.batcher.add(leaf, lsn, ordinal);
    if (this.contradictions.takeCrowded()) this.batcher.flush();
    this.touched.add(this.batcher.current, table, row);
  }

  sealed(): void {
    if (this.#reached === undefined) return;
    const reached = this.#reached;
    this.#reached = undefined;
    this.marks.reach(reached, this.batcher.current);
  }

  together(events: number, work: () => void): void {
    this.batcher.together(events, work);
  }

  /** Begins to remember the rows whose events are on their way; true once it knows them all. */
  watchRows(): boolean {
    this.touched.watch(this.batcher.current);
    return this.touched.isSighted(this.#indexedBatch);
  }

  row(table: Uint8Array, row: Uint8Array, key: string): void {
    this.#names.add(table, row, key);
  }

  actor(actor: Uint8Array, name: string): void {
    this.#actors.push({ actor, name });
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#events.onFailure(error);
    }
  }

  /** Keys, digests and names are durable before the events that need them leave this process. */
  #submit(batch: Batch): void {
    this.#o.keystore.flush();
    this.#digests.flush();
    this.#writeIndex();
    this.#submitter.add(batch);
  }

  /** Final batches wait for the index's next transaction, unless nothing is under way that would bring one soon. */
  #onFinal(batch: Batch, receipt: Receipt): void {
    this.#unindexed.push({ batch, receipt });
    this.#final += batch.leaves.length;
    this.#finalTo = batch.to;
    this.#events.onFinal(batch.leaves.length);
    if (this.pending === 0) this.#writeIndex();
  }

  /** One transaction for the events that became final and for the names of those that are about to leave. */
  #writeIndex(): void {
    const [final, names, actors] = [this.#unindexed, this.#names, this.#actors];
    if (final.length + names.length + actors.length === 0) return;
    const { index } = this.#o;
    index.together(() => {
      for (const { batch, receipt } of final) {
        index.apply(placed(batch, receipt), this.contradictions);
        index.skipTo(receipt.index + receipt.count);
      }
      if (names.length > 0) index.learn(names);
      if (actors.length > 0) index.learnActors(actors);
    });
    this.contradictions.resolve(this.#finalTo);
    this.#unindexed = [];
    names.clear();
    this.#actors = [];
    const last = final.at(-1);
    if (last === undefined) return;
    this.#indexedBatch = last.batch.number;
    this.touched.indexed(this.#indexedBatch);
    this.marks.final(this.#indexedBatch);
  }
}

function contradictionsOf(options: CaptureOptions, sealers: SubjectSealers): Contradictions {
  const { primitives, handles, index, progress } = options;
  const known = {
    ...{ primitives, handles, sealers, index },
    pending: (table: Uint8Array) => progress.tables.pending().get(toHex(table)),
    layouts: (table: Uint8Array) => progress.tables.layouts(table),
  };
  const [judge, successions] = [new Judge(known), new Successions(known)];
  return new Contradictions({ judge, successions, index, settledTo: progress.passed() ?? 0n });
}

function* placed(batch: Batch, receipt: Receipt): Iterable<PlacedLeaf> {
  let index = receipt.index;
  for (const leaf of batch.leaves) yield { index: ++index, leaf };
}
