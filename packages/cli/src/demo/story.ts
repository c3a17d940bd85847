/**
 * The demonstration as one list of acts. Every act checks itself: what does not hold is written down and the story goes
 * on, so that the end can say all of it.
 */
import { exitCodeOf, type VerifyReport } from "@anamnesis/capture";
import { checkProofFile, historyOf, type RunningNode, startNode, verifyBeside, verifyFolderLog } from "@anamnesis/node";
import { type Planted, plant, startWard, type Ward } from "@anamnesis/sandbox";
import { openSandbox, type Sandbox } from "../sandbox/open.ts";
import { SOURCE } from "../sandbox/state.ts";
import { openly, TABLE } from "./administrator.ts";
import { fooledByRollback } from "./fooled.ts";
import { type Match, match } from "./match.ts";

export interface DemoOptions {
  readonly dir: string;
  readonly seed: string;
  readonly patients: number;
  /** Alterations to plant and legal writes to make meanwhile, at least. */
  readonly plant: number;
  readonly writes: number;
  readonly signal: AbortSignal;
  readonly onAct: (act: Act) => void;
}

/** What just happened, with its numbers. Times in milliseconds. */
export type Act =
  | { readonly act: "hospital"; readonly patients: number; readonly rows: number; readonly ms: number }
  | { readonly act: "snapshot"; readonly events: number; readonly ms: number }
  | { readonly act: "planted"; readonly planted: readonly Planted[]; readonly writes: number }
  | { readonly act: "verified"; readonly match: Match; readonly report: VerifyReport; readonly writes: number }
  | { readonly act: "administrator"; readonly unattributed: number }
  | { readonly act: "proof"; readonly index: number }
  | { readonly act: "fooled"; readonly cache: number; readonly fromLog: number }
  | { readonly act: "log"; readonly leaves: number; readonly ms: number };

export interface Outcome extends Match {
  readonly ok: boolean;
  /** What did not hold; empty when everything did. */
  readonly problems: readonly string[];
  readonly legalWrites: number;
  readonly rows: number;
  readonly events: number;
  readonly unattributed: number;
  readonly proofChecked: boolean;
  readonly logSound: boolean;
  readonly rollback: { readonly cacheFooled: boolean; readonly fromLogFooled: boolean };
  readonly verifySeconds: number;
  readonly seconds: number;
  readonly seed: string;
}

const CATCH_UP_MS_MAX = 60_000;

/** @throws AnamnesisError when the story cannot be told at all (no PostgreSQL, disk full, stopped) */
export async function tell(options: DemoOptions): Promise<Outcome> {
  const started = Date.now();
  const { dir, patients, seed, signal, onAct } = options;
  const sandbox = await openSandbox({ dir, patients, seed, signal, steps: {} });
  onAct({ act: "hospital", patients, rows: sandbox.filled, ms: Date.now() - started });
  try {
    return await new Story(options, sandbox, started).tell();
  } finally {
    await sandbox.postgres.stop();
  }
}

class Story {
  readonly #o: DemoOptions;
  readonly #sandbox: Sandbox;
  readonly #started: number;
  readonly #problems: string[] = [];

  constructor(options: DemoOptions, sandbox: Sandbox, started: number) {
    this.#o = options;
    this.#sandbox = sandbox;
    this.#started = started;
  }

  async tell(): Promise<Outcome> {
    const node = await this.#snapshot();
    try {
      const { found, report, legalWrites } = await this.#insiderAtWork(node);
      const { key, unattributed } = await this.#administrator(node);
      const proofChecked = await this.#proof(key);
      await node.stop();
      const rollback = await this.#fooled(key);
      const { logSound, events } = await this.#log();
      return {
        ok: this.#problems.length === 0,
        ...found,
        ...{ problems: this.#problems, legalWrites, rows: report.rows, events, unattributed, proofChecked, logSound },
        ...{
          rollback,
          verifySeconds: report.seconds,
          seconds: (Date.now() - this.#started) / 1000,
          seed: this.#o.seed,
        },
      };
    } finally {
      await node.stop();
    }
  }

  /** Baselines of everything, and the first clean verification. */
  async #snapshot(): Promise<RunningNode> {
    const from = Date.now();
    const { folder } = this.#sandbox;
    const running = await startNode({ folder, env: {} });
    try {
      const { report } = await this.#verify(running);
      if (exitCodeOf(report) !== 0) this.#problems.push("the first verification was not clean");
      const events = running.sources.get(SOURCE)?.counters().events ?? 0;
      this.#o.onAct({ act: "snapshot", events, ms: Date.now() - from });
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  /** The ward writes all the time: while the insider is at work, and while verification runs. */
  async #insiderAtWork(node: RunningNode) {
    const { seed, signal, onAct, writes } = this.#o;
    const { url } = this.#sandbox.postgres;
    const ward = startWard({ url, seed, writesPerSecond: 50, signal });
    try {
      const enough = ward.run(writes);
      enough.catch(() => undefined); // awaited below; until then a failure must not end the process
      const planted = await plant({ url, publication: `anamnesis_${SOURCE}`, seed, count: this.#o.plant });
      onAct({ act: "planted", planted, writes: ward.figures.rows });
      await Promise.race([enough, node.failed]);
      const { report, legalWrites } = await this.#verifyUnderLoad(node, ward);
      const found = match(planted, report);
      onAct({ act: "verified", match: found, report, writes: legalWrites });
      if (found.found !== found.planted) this.#problems.push("not every planted alteration was found");
      if (found.falseAlarms !== 0) this.#problems.push("there were false alarms");
      if (legalWrites < writes) this.#problems.push("there were too few legal writes");
      return { found, report, legalWrites };
    } finally {
      await ward.stop();
    }
  }

  async #verifyUnderLoad(node: RunningNode, ward: Ward) {
    let over = false;
    const busy = (async () => {
      while (!over && !this.#o.signal.aborted) await ward.run(200);
    })();
    busy.catch(() => undefined); // awaited below
    try {
      const { report } = await this.#verify(node);
      return { report, legalWrites: ward.figures.rows };
    } finally {
      over = true;
      await busy;
    }
  }

  /** Ordinary SQL without a word about who: an event like any other, its actor unknown. Returns the row's key. */
  async #administrator(node: RunningNode): Promise<{ readonly key: string; readonly unattributed: number }> {
    const key = await openly(this.#sandbox.postgres.url);
    const request = { ...this.#request(), table: TABLE, key, listUnattributed: true };
    const { report, unattributed = [] } = await verifyBeside(node.engine, request);
    const seen = unattributed.some((e) => e.table === TABLE && e.key === key && e.kind === "create");
    if (!seen) this.#problems.push("an administrator's write did not appear as an event by an unknown actor");
    if (exitCodeOf(report) !== 0) this.#problems.push("an ordinary write was reported as an alteration");
    const all = node.sources.get(SOURCE)?.counters().unattributed ?? 0;
    this.#o.onAct({ act: "administrator", unattributed: all });
    return { key, unattributed: all };
  }

  async #proof(key: string): Promise<boolean> {
    const { folder } = this.#sandbox;
    const { proof } = await historyOf({ folder, source: SOURCE, table: TABLE, key, env: {}, prove: true });
    if (proof === undefined) return this.#unproved();
    const { file, checkpoint, index } = proof;
    const verdict = await checkProofFile({ file, checkpoint, genesis: folder.genesis });
    if (!verdict.holds || verdict.checks.some((c) => c.result !== "held")) return this.#unproved();
    this.#o.onAct({ act: "proof", index });
    return true;
  }

  #unproved(): false {
    this.#problems.push("the proof of an event did not hold");
    return false;
  }

  async #fooled(key: string): Promise<Outcome["rollback"]> {
    const { folder, postgres } = this.#sandbox;
    const { cache, fromLog } = await fooledByRollback(folder, postgres.url, key, this.#o.signal);
    this.#o.onAct({ act: "fooled", cache, fromLog });
    if (cache !== 0) this.#problems.push("the rolled-back cache did not fool verify: the demonstration is wrong");
    if (fromLog === 0) this.#problems.push("the rolled-back cache fooled verify --from-log");
    return { cacheFooled: cache === 0, fromLogFooled: fromLog === 0 };
  }

  async #log() {
    const from = Date.now();
    const report = await verifyFolderLog(this.#sandbox.folder, { signal: this.#o.signal });
    if (!report.ok) this.#problems.push("the ledger is not sound");
    this.#o.onAct({ act: "log", leaves: report.size, ms: Date.now() - from });
    return { logSound: report.ok, events: report.events };
  }

  #verify(node: RunningNode) {
    return Promise.race([verifyBeside(node.engine, this.#request()), node.failed]);
  }

  #request() {
    const { signal } = this.#o;
    const { folder } = this.#sandbox;
    return { folder, source: SOURCE, mode: "cache" as const, env: {}, signal, deadlineMs: CATCH_UP_MS_MAX };
  }
}
