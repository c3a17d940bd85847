/**
 * Goes through tables beside the stream, one after the other: those that have no baseline yet, those whose layout has
 * changed, and those of which an operator accepts something. Reading waits for databases and takes its time; sealing
 * happens between transactions, as an interlude, and never for long. Whoever is stopped in the middle goes on from the last
 * slice that is final, and rows that were done already are passed over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Position } from "@anamnesis/contracts";
import { AnamnesisError, invariant } from "@anamnesis/core";
import type { CaptureOptions } from "../capture.ts";
import { captureError } from "../errors.ts";
import type { Flow } from "../flow.ts";
import type { Interlude } from "../interlude.ts";
import { CastRefused } from "../layout.ts";
import { sqlState } from "../postgres/session.ts";
import type { Sealer } from "../sealer.ts";
import type { Beside, Slice, TableSchema } from "../source.ts";
import { SubjectSealers } from "../subject-sealers.ts";
import { AfterFinal } from "./after.ts";
import { EVERYTHING, type Pass, type PassContext } from "./pass.ts";
import { RowQueue } from "./queue.ts";
import { nextTask, type Task } from "./tasks.ts";

/** Rows sealed at a time: some 20 ms. */
const ROWS_AT_ONCE = 1_000;
const ASK_MS = 250;
const REST_MS = 1_000;
const STOP_MS_MAX = 3_000;
/** A run that ends when it has caught up waits so long for a task that cannot be done. */
const PATIENCE_MS = 10_000;

/** Not now: what is in the way goes by itself. */
class NotYet extends Error {}

export interface WorkerOptions {
  readonly capture: CaptureOptions;
  readonly flow: Flow;
  readonly beside: Beside;
  readonly tables: readonly TableSchema[];
}

export class Rebaseliner implements Interlude {
  readonly #o: WorkerOptions;
  readonly #context: PassContext;
  readonly #queue = new RowQueue();
  readonly #after = new AfterFinal();
  /** What is noted once the source need not deliver again what came before. */
  readonly #afterPassed = new AfterFinal();
  readonly #stop = new AbortController();
  /** Tasks whose events are on their way to the ledger. */
  readonly #settling = new Set<string>();
  /** Tasks that cannot be done for now: until when, and since when. */
  readonly #resting = new Map<string, { readonly until: number; readonly since: number }>();
  /** The first transaction that began when all tables were sent already. */
  #settledFrom: number | undefined;
  #moment = { xid: 0n, time: 0 };
  #task: Task | undefined;
  #sealedTo: Position | undefined;
  #marker: { readonly token: string; readonly position: bigint; readonly resolve: () => void } | undefined;
  #passed = 0n;
  #busy = true;
  #loop: Promise<void> = Promise.resolve();
  #poke: () => void = () => undefined;

  constructor(options: WorkerOptions) {
    this.#o = options;
    const { primitives, handles, keystore, index } = options.capture;
    const sealers = new SubjectSealers(primitives, keystore);
    this.#context = {
      primitives,
      handles,
      sealers,
      index,
      touched: options.flow.touched,
      successions: options.flow.contradictions.successions,
    };
  }

  /** `poke`: seals what is due, soon. */
  start(poke: () => void): void {
    this.#poke = poke;
    this.#loop = this.#run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#o.flow.fail(error);
    });
  }

  /** Ends reading, or lets it go: a server that does not answer is not waited for. Nothing is sealed any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#queue.clear();
    this.#marker?.resolve();
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_MS_MAX);
    });
    await Promise.race([this.#loop, over]);
    clearTimeout(timer);
  }

  /** Notes something once everything sealed so far is final. */
  whenFinal(run: () => void): void {
    this.#after.add(this.#sealedTo, run);
  }

  /** Whether it cannot go on before a marker has passed, or something is final. */
  get waits(): boolean {
    return this.#marker !== undefined || this.#after.pending || this.#afterPassed.pending;
  }

  pending(): boolean {
    return this.#busy || this.#after.pending || this.#afterPassed.pending;
  }

  due(): boolean {
    const first = this.#queue.peek();
    if (first === undefined || !this.#o.flow.watchRows()) return false;
    return first.row !== undefined || first.pass.ready?.() !== false;
  }

  emit(sealer: Sealer): void {
    const task = this.#task;
    invariant(task !== undefined, "rows belong to a task");
    sealer.speak({ time: this.#moment.time, ...task.who }, this.#moment.xid);
    let fresh: Pass | undefined;
    for (let i = 0; i < ROWS_AT_ONCE; i++) {
      const item = this.#queue.peek();
      if (item === undefined) break;
      if (fresh !== item.pass) item.pass.refresh();
      fresh = item.pass;
      if (item.row !== undefined) item.pass.row(item.row, sealer);
      else if (!item.pass.finish(sealer)) break;
      else task.finish(sealer);
      this.#queue.shift();
    }
    if (sealer.events > 0) this.#sealedTo = sealer.position;
  }

  final(known: Position): void {
    this.#after.final(known);
  }

  /** The stream has passed these markers, and everything before `position` is final and indexed. */
  passed(position: bigint, tokens: readonly string[]): void {
    this.#passed = position;
    this.#afterPassed.final({ lsn: position - 1n, ordinal: Number.MAX_SAFE_INTEGER });
    const marker = this.#marker;
    if (marker === undefined || (!tokens.includes(marker.token) && position < marker.position)) return;
    this.#marker = undefined;
    marker.resolve();
  }

  async #run(): Promise<void> {
    const sources = { capture: this.#o.capture, tables: this.#o.tables, context: this.#context };
    while (!this.#stop.signal.aborted) {
      const now = performance.now();
      const isResting = (key: string) => this.#settling.has(key) || (this.#resting.get(key)?.until ?? 0) > now;
      const task = nextTask(sources, isResting);
      this.#busy = task !== undefined || [...this.#resting.values()].some((r) => now - r.since < PATIENCE_MS);
      if (this.#settling.size > 0 && (task === undefined || task.alone)) {
        await this.#settled();
        continue;
      }
      if (task === undefined) {
        this.#o.flow.touched.unwatch();
        await sleep(ASK_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        continue;
      }
      this.#task = task;
      await this.#attempt(task);
    }
  }

  async #attempt(task: Task): Promise<void> {
    try {
      await this.#do(task, true).catch((error: unknown) => {
        if (!(error instanceof CastRefused)) throw error;
        return this.#do(task, false);
      });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (isLost(error)) throw captureError("capture/connection-lost", "the database closed a connection");
      if (!task.refuse(error)) this.#rest(task, error);
    } finally {
      this.#queue.clear();
    }
  }

  /** What the database refuses for a table must not stop capture of the others. */
  #rest(task: Task, error: unknown): void {
    const passing = error instanceof NotYet || error instanceof AnamnesisError || sqlState(error) !== undefined;
    if (!passing) throw error;
    const now = performance.now();
    this.#resting.set(task.key, { until: now + REST_MS, since: this.#resting.get(task.key)?.since ?? now });
  }

  async #do(task: Task, casts: boolean): Promise<void> {
    const { signal } = this.#stop;
    const pass = task.makePass(casts);
    this.#moment = { xid: 0n, time: this.#o.flow.now() * 1000 };
    if (task.table === undefined) pass.begin(EVERYTHING);
    else await this.#readAll(task, task.table, pass);
    if (signal.aborted) return;
    await this.#sealed(() => this.#queue.push({ pass, row: undefined }));
    if (signal.aborted) return;
    this.#settling.add(task.key);
    const settle = () => {
      task.settle();
      this.#resting.delete(task.key);
      this.#settling.delete(task.key);
    };
    const to = this.#sealedTo;
    // What has passed may lie behind the interlude already, before that is final.
    this.whenFinal(task.rekeys ? () => this.#afterPassed.add(to, settle) : settle);
    if (task.alone) await this.#settled();
  }

  /** All that was sealed is final, and noted. */
  #settled(): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      this.whenFinal(() => this.#afterPassed.add(undefined, resolve));
    });
  }

  async #readAll(task: Task, table: TableSchema, pass: Pass): Promise<void> {
    const { signal } = this.#stop;
    let { request } = task;
    for (;;) {
      const slice = await this.#o.beside.open(table, { ...request, casts: pass.casts });
      if (slice === undefined) throw new NotYet("the table is another one now: the catalog is read again");
      try {
        if (task.first) this.#mustBeSettled(slice);
        await this.#passedMarker(slice);
        if (signal.aborted) return;
        this.#moment = { xid: slice.xid, time: slice.time };
        pass.begin(slice.visibility);
        await slice.rows((row) => this.#push(pass, row), signal);
        await this.#sealed(() => undefined);
      } finally {
        await slice.close();
      }
      const { next } = slice;
      if (next === undefined || signal.aborted) return;
      this.whenFinal(() => task.reached(next));
      request = { ...request, from: next };
    }
  }

  /** Transactions that wrote to the table before it was sent must have ended: the stream does not tell what they wrote. */
  #mustBeSettled({ visibility, xid }: Slice): void {
    // Not `xmax`: that leaves out open ones which are newer than any that has ended.
    this.#settledFrom ??= Number(xid);
    if (visibility.xmin < this.#settledFrom) throw new NotYet("older transactions are open");
  }

  #passedMarker({ token, position }: Slice): Promise<void> {
    if (this.#passed >= position || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#marker = { token, position, resolve };
    });
  }

  #push(pass: Pass, row: Uint8Array): void | Promise<void> {
    const wait = this.#queue.push({ pass, row });
    if (this.#queue.length >= ROWS_AT_ONCE) this.#poke();
    return wait;
  }

  /** Does `add`, and waits until everything in the queue has been sealed. */
  async #sealed(add: () => unknown): Promise<void> {
    add();
    this.#poke();
    await this.#queue.drained();
  }
}

/** The driver's words for a connection that is gone, and the server's. */
function isLost(error: unknown): boolean {
  if (error instanceof AnamnesisError || !(error instanceof Error)) return false;
  const state = sqlState(error);
  if (state === undefined)
    return /^Connection terminated|^Client has encountered|^Client was closed/.test(error.message);
  return /^(?:57P|08|E[A-Z]+$)/.test(state);
}
