/**
 * One session with the source: decide how to go on, declare what must be declared, make missing baselines, stream. It
 * ends when it is caught up (if asked), when the signal aborts, or with an error; `runCapture` decides whether to begin
 * another one.
 */
import { decodeSourceState, type Position, type SourceState, START, sourcePath } from "@anamnesis/contracts";
import { toHex } from "@anamnesis/core";
import { baseline } from "./baseline.ts";
import type { BatchSigner } from "./batcher.ts";
import type { CaptureOptions, CaptureProgress } from "./capture.ts";
import { Companion } from "./companion.ts";
import { Erasures } from "./erasure/erasures.ts";
import { Flow } from "./flow.ts";
import { catchUp, scanTables } from "./log-scan.ts";
import { followNonce } from "./nonce.ts";
import { afterRestore, type Decision, decide, Replay } from "./resume.ts";
import type { Snapshot, SourceLife, TableSchema } from "./source.ts";
import { RestoredSignal, Streaming } from "./streaming.ts";

/** What lives longer than a session. */
export interface Shared {
  readonly signer: BatchSigner;
  /** Set when a stream showed that the source was put back: the last commit that was still the same. */
  restoredAfter: { readonly lsn: bigint | undefined } | undefined;
  readonly declared: CaptureSummaryEntry[];
  events: number;
  batches: number;
  ignored: number;
  report(progress: Partial<CaptureProgress> & Pick<CaptureProgress, "phase">): void;
}

export type CaptureSummaryEntry = "other-life" | "position-lost" | "position-ahead" | "restored";

export class Session {
  readonly #o: CaptureOptions;
  readonly #shared: Shared;
  readonly #failure = new AbortController();
  #companion: Companion | undefined;
  #erasures: Erasures | undefined;
  #changed = false;
  /** End of the source's log, while nothing has been read since that took long. */
  #end: bigint | undefined;

  constructor(options: CaptureOptions, shared: Shared) {
    this.#o = options;
    this.#shared = shared;
  }

  /** Ends when it is caught up (if asked) or stopped: `done`; `again` when the source's catalog has changed. */
  async run(): Promise<"done" | "again"> {
    const { source, index, engine, signal } = this.#o;
    this.#shared.report({ phase: "starting" });
    await catchUp(engine, this.#o.organisation, index, signal);
    // A key that a backup brought back is destroyed again before anything is sealed.
    for (const { subject } of index.erasures()) this.#o.keystore.destroyHandle(subject);
    // Both ask the database, over connections of their own.
    const asked = source.life();
    asked.catch(() => undefined);
    this.#companion = await Companion.open(this.#o, asked);
    try {
      const life = await asked;
      const tables = this.#companion?.tables ?? (await source.tables());
      index.learnTables(tables.map((t) => ({ table: t.handle, name: t.name })));
      return await this.#follow(tables, life);
    } finally {
      await this.#erasures?.stop();
      await this.#companion?.close();
    }
  }

  async #follow(tables: readonly TableSchema[], life: SourceLife): Promise<"done" | "again"> {
    const { progress, primitives, interludes = [] } = this.#o;
    const ledger = await this.#ledgerState();
    await followNonce(this.#o.engine, this.#shared.signer);
    const note = { life: progress.life(), passed: progress.passed(), final: progress.final() };
    const decision = this.#decide(decide(primitives, { ledger, life, note }), ledger);

    const position = ledger?.position ?? START;
    const incarnation = decision.kind === "fresh" ? life.incarnation : decision.incarnation;
    const flow = this.#flow(position, incarnation);
    for (const each of interludes) each.begin?.(position, incarnation, tables);
    this.#erasures = new Erasures({
      ...{ capture: this.#o, tables, now: this.#shared.signer.now },
      fail: (error) => this.#failure.abort(error),
    });
    try {
      await this.#enter(flow, tables, decision, {
        base: life.incarnation,
        resumeAt: life.resumeAt,
        end: life.end,
        position,
      });
      return this.#changed ? "again" : "done";
    } catch (error) {
      await this.#companion?.stop();
      await flow.abandon();
      throw this.#failure.signal.aborted ? this.#failure.signal.reason : error;
    }
  }

  async #enter(flow: Flow, tables: readonly TableSchema[], decision: Decision, at: Entry): Promise<Position> {
    const { source, progress, signal } = this.#o;
    if (decision.kind === "fresh") {
      await source.forget();
      const snapshot = await source.begin(signal);
      progress.reset();
      progress.setLife({ base: at.base, incarnation: at.base });
      progress.setPassed(snapshot.position, START);
      const start = { lsn: snapshot.position - 1n, xid: 0n, time: snapshot.time };
      await this.#baseline(flow, snapshot, tables, undefined, () => flow.sealer.begin(start));
      this.#companion?.fresh();
      return this.#stream(flow, flow.sealer.position, undefined);
    }
    if (decision.kind === "resume") {
      progress.setLife({ base: at.base, incarnation: decision.incarnation });
      const replay = this.#replay(at);
      const reached = await this.#missingBaselines(flow, tables, at.position, replay);
      this.#end = reached === at.position ? at.end : undefined;
      return this.#stream(flow, reached, replay);
    }
    if (decision.kind === "restored" && !decision.renew && this.#shared.restoredAfter === undefined) {
      await this.#compareAgain(flow, at);
    }
    const reached = await this.#declare(flow, tables, decision, at);
    return this.#stream(flow, await this.#missingBaselines(flow, tables, reached, undefined), undefined);
  }

  /**
   * What was put back may remember an old position: it delivers again what is final already, up to its end. Sealed a second
   * time behind the `restored` event it would vouch for rows as they were put back. So it is compared first, and the event
   * stands after the last commit that was still the same.
   */
  async #compareAgain(flow: Flow, at: Entry): Promise<never> {
    const replay = this.#replay(at);
    await this.#stream(flow, at.position, replay, at.end);
    this.#shared.restoredAfter = { lsn: replay.lastSame };
    throw new RestoredSignal("the source was put back to an earlier state");
  }

  #replay(at: Entry): Replay {
    const expected = at.resumeAt === undefined ? [] : this.#o.index.recentCommits(at.resumeAt - 1n);
    return new Replay(
      expected.filter((c) => c.lsn <= at.position.lsn),
      at.position.lsn,
      expected.length < COMMITS_KEPT ? 0n : expected[0]?.lsn,
    );
  }

  /** The event that says what was missed, at a place where no commit can be: just before one. */
  async #declare(
    flow: Flow,
    tables: readonly TableSchema[],
    decision: Extract<Decision, { kind: "gap" | "restored" }>,
    at: Entry,
  ): Promise<Position> {
    const { source, progress, signal } = this.#o;
    if (decision.renew) await source.forget();
    const snapshot = decision.renew ? await source.begin(signal) : undefined;
    // Tables are gone through beside the stream: the database need not hold this moment while the gap waits to be final.
    if (this.#companion !== undefined) await snapshot?.close();
    const resumeAt = snapshot?.position ?? at.resumeAt ?? 1n;
    const after = decision.kind === "restored" ? this.#shared.restoredAfter?.lsn : undefined;
    const lsn = after === undefined ? resumeAt - 1n : after + 1n;
    flow.batcher.jump({ lsn, ordinal: 0 }, decision.incarnation);
    flow.sealer.begin({ lsn, xid: 0n, time: this.#shared.signer.now() * 1000 });
    flow.sealer.speak({ time: this.#shared.signer.now() * 1000, purpose: progress.reason() ?? null }, 0n);
    flow.sealer.note(decision.kind);
    await flow.drain();
    progress.setReason(undefined);
    progress.setLife({ base: at.base, incarnation: decision.incarnation });
    progress.setPassed(resumeAt, flow.finalTo);
    this.#shared.declared.push(decision.kind === "gap" ? decision.why : "restored");
    this.#shared.restoredAfter = undefined;
    const reached = flow.sealer.position;
    if (snapshot === undefined || this.#companion !== undefined) return reached;
    await this.#pendingBaselines(flow, snapshot, tables, () => undefined);
    return flow.sealer.position;
  }

  /** Tables without a baseline get one at a later position: stream up to it, then read the rows as of it. */
  async #missingBaselines(
    flow: Flow,
    tables: readonly TableSchema[],
    from: Position,
    replay: Replay | undefined,
  ): Promise<Position> {
    // Where rows can be read beside the stream, those of tables without a baseline are.
    if ((await this.#pending(tables)).length === 0 || this.#companion !== undefined) return from;
    const snapshot = await this.#o.source.snapshot(this.#o.signal);
    try {
      const reached = await this.#stream(flow, from, replay, snapshot.position);
      const start = { lsn: snapshot.position - 1n, xid: 0n, time: snapshot.time };
      if (start.lsn <= reached.lsn) return reached;
      await this.#pendingBaselines(flow, snapshot, tables, () => flow.sealer.begin(start));
      return flow.sealer.position;
    } finally {
      await snapshot.close();
    }
  }

  async #pendingBaselines(flow: Flow, snapshot: Snapshot, tables: readonly TableSchema[], begin: () => void) {
    const pending = await this.#pending(tables);
    const keyless = pending.filter((t) => t.keyColumns.length === 0);
    const history = await scanTables(this.#o.engine, this.#o.organisation, this.#o.sourceId, keyless, this.#o.signal);
    await this.#baseline(flow, snapshot, pending, history, begin);
  }

  /** The note may be lost; the log then says which tables have their baseline. */
  async #pending(tables: readonly TableSchema[]): Promise<readonly TableSchema[]> {
    const { progress, engine, organisation, sourceId, signal } = this.#o;
    const without = (done: ReadonlySet<string>) => tables.filter((t) => !done.has(toHex(t.handle)));
    if (without(progress.baselined()).length === 0) return [];
    const { baselined } = await scanTables(engine, organisation, sourceId, [], signal);
    progress.addBaselined(baselined);
    return without(progress.baselined());
  }

  async #baseline(
    flow: Flow,
    snapshot: Snapshot,
    tables: readonly TableSchema[],
    history: Parameters<typeof baseline>[0]["history"],
    begin: () => void,
  ): Promise<void> {
    try {
      begin();
      await baseline({
        ...{ capture: this.#o, flow, snapshot, tables, history },
        onTable: (table, rows) =>
          this.#shared.report({
            ...{ phase: "baseline", table: table.name, rows, estimate: table.estimate },
            pending: flow.pending,
          }),
      });
    } finally {
      await snapshot.close();
    }
  }

  /** Streams from `from`; returns the position reached. */
  async #stream(flow: Flow, from: Position, replay: Replay | undefined, until?: bigint): Promise<Position> {
    const companion = until === undefined ? this.#companion : undefined;
    const interludes = [...(this.#o.interludes ?? []), ...(this.#erasures === undefined ? [] : [this.#erasures])];
    const streaming = new Streaming({ ...this.#o, interludes }, this.#shared, flow, {
      from,
      replay,
      companion,
      end: this.#end,
    });
    const reached = await streaming.run(this.#failure.signal, until);
    this.#changed = streaming.changed;
    return reached;
  }

  #flow(position: Position, incarnation: Uint8Array): Flow {
    return new Flow(this.#o, this.#shared.signer, position, incarnation, {
      onFinal: (events) => {
        this.#shared.events += events;
        this.#shared.batches++;
      },
      onWaiting: (code) => this.#shared.report({ phase: "waiting", code }),
      onFailure: (error) => this.#failure.abort(error),
    });
  }

  #decide(decision: Decision, ledger: SourceState | undefined): Decision {
    if (this.#shared.restoredAfter === undefined || decision.kind !== "resume" || ledger === undefined) return decision;
    return { kind: "restored", incarnation: afterRestore(this.#o.primitives, ledger), renew: false };
  }

  async #ledgerState(): Promise<SourceState | undefined> {
    const { engine, organisation, sourceId } = this.#o;
    const { value } = await engine.read(sourcePath(organisation, sourceId));
    return value === undefined ? undefined : decodeSourceState(value);
  }
}

/** The index keeps at least so many of the newest commits; a shorter list is a whole one. */
const COMMITS_KEPT = 1_000_000;

interface Entry {
  readonly base: Uint8Array;
  readonly resumeAt: bigint | undefined;
  /** End of the source's log when the session began. */
  readonly end: bigint;
  readonly position: Position;
}
