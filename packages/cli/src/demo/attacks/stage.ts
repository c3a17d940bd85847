/** The place where an attack is played: a sandbox hospital, its capture and its ward, each of which can be stopped and go on. */
import { randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openProgress, type Progress, withClient } from "@anamnesis/capture";
import { AnamnesisError } from "@anamnesis/core";
import {
  type Folder,
  moveSource,
  openFolder,
  type RunningNode,
  sourceLayout,
  startNode,
  type VerifyRequest,
  verifyBeside,
} from "@anamnesis/node";
import { type Postgres, type Scene, startPostgres, startWard, type Ward } from "@anamnesis/sandbox";
import { cliError } from "../../errors.ts";
import { openSandbox } from "../../sandbox/open.ts";
import { POSTGRES, SOURCE } from "../../sandbox/state.ts";

export interface StageOptions {
  readonly dir: string;
  readonly seed: string;
  readonly patients: number;
  readonly count: number;
  readonly signal: AbortSignal;
}

const CATCH_UP_MS_MAX = 60_000;
const POLL_MS = 20;
const CALM_WRITES = 30;

export class Stage implements Scene {
  readonly publication = `anamnesis_${SOURCE}`;
  readonly slot = `anamnesis_${SOURCE}`;
  readonly seed: string;
  readonly count: number;
  readonly #o: StageOptions;
  #folder: Folder;
  #postgres: Postgres;
  #node: RunningNode | undefined;
  #ward: Ward | undefined;
  #shifts = 0;
  #worked = 0;

  private constructor(options: StageOptions, folder: Folder, postgres: Postgres) {
    this.#o = options;
    this.#folder = folder;
    this.#postgres = postgres;
    this.seed = options.seed;
    this.count = options.count;
  }

  /** A hospital whose rows all have their baseline, and a ward at its calm work. */
  static async set(options: StageOptions): Promise<Stage> {
    const { dir, seed, patients, signal } = options;
    // Far from where servers look for one: another stage shall not take it while this one's server is away.
    const databasePort = randomInt(20_000, 30_000);
    const { folder, postgres } = await openSandbox({ dir, seed, patients, signal, databasePort });
    const stage = new Stage(options, folder, postgres);
    try {
      await stage.resume();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get folder(): Folder {
    return this.#folder;
  }

  get url(): string {
    return this.#postgres.url;
  }

  /** Rows that the ward has written legally. */
  get worked(): number {
    return this.#worked + (this.#ward?.figures.rows ?? 0);
  }

  async work(rows: number): Promise<number> {
    if (this.#ward === undefined) throw new Error("the ward rests");
    return Promise.race([this.#ward.run(rows), this.#failed()]);
  }

  async settled(): Promise<void> {
    const lsn = await this.#mark();
    const source = this.#node?.sources.get(SOURCE);
    await this.#until(() => (source?.now.passed ?? lsn) >= lsn);
  }

  async quietly<T>(act: () => Promise<T>): Promise<T> {
    await this.#rest();
    await this.settled();
    const result = await act();
    await this.resume();
    return result;
  }

  async withoutCapture<T>(act: () => Promise<T>): Promise<T> {
    await this.stopCapture();
    const result = await act();
    await this.resume();
    return result;
  }

  /** The ward stops first, and what it wrote becomes final. */
  async stopCapture(): Promise<void> {
    await this.#rest();
    if (this.#node !== undefined) await this.settled();
    await this.#node?.stop();
    this.#node = undefined;
  }

  async withoutServer<T>(act: (dataDir: string) => Promise<T> | T, how?: "cut"): Promise<T> {
    const ran = this.#node !== undefined;
    await this.stopCapture();
    if (how === "cut") await this.#postgres.kill9();
    else {
      // First, so that it stops in order, and soon.
      await withClient({ url: this.url }, (client) => client.query("CHECKPOINT"));
      await this.#postgres.stop();
    }
    const result = await act(this.#postgres.dataDir);
    const { port } = this.#postgres;
    this.#postgres = await startPostgres({ dir: join(this.#o.dir, POSTGRES), signal: this.#o.signal, port });
    if (ran) await this.resume();
    return result;
  }

  /** Starts whatever is not running: capture, and when that is where it was, the ward. */
  async resume(): Promise<void> {
    this.#node ??= await startNode({ folder: openFolder(this.#o.dir), env: {} });
    await this.settled(); // what is written while there is no slot would be lost to capture, and be a finding
    const { seed, signal } = this.#o;
    const shift = { url: this.url, seed: `${seed}/${this.#shifts++}`, writesPerSecond: CALM_WRITES, signal };
    this.#ward ??= startWard(shift);
  }

  async verify(mode: VerifyRequest["mode"]) {
    const node = this.#node;
    if (node === undefined) throw new Error("capture does not run");
    const { signal } = this.#o;
    const request = { folder: this.folder, source: SOURCE, mode, env: {}, signal, deadlineMs: CATCH_UP_MS_MAX };
    const { report } = await Promise.race([verifyBeside(node.engine, request), node.failed]);
    return report;
  }

  /**
   * Another server in the place of this one, as `make` gives it: the ward has stopped, and all that it wrote is final.
   * Capture is told the new address.
   */
  async moveTo(make: (from: Postgres) => Promise<Postgres>): Promise<void> {
    await this.stopCapture();
    const next = await make(this.#postgres);
    await this.#postgres.stop();
    this.#postgres = next;
    this.#folder = moveSource(openFolder(this.#o.dir), SOURCE, next.url);
    await this.resume();
  }

  /** Resolves once capture has gone through every table that it has to look at anew. */
  async lookedAnew(): Promise<void> {
    const lsn = await this.#mark();
    await this.#noted((progress) => (progress.looked() ?? lsn) >= lsn && progress.tables.pending().size === 0);
  }

  /** Somebody accepts all rows of the table as they are, and says why; gives how many were not as they were vouched for. */
  async accept(table: string, reason: string): Promise<number> {
    let id: number | undefined;
    let accepted = 0;
    await this.#noted((progress) => {
      id ??= progress.requests.ask({ table, key: null, reason, actor: "it.department" });
      const answer = progress.requests.answer(id);
      if (answer !== undefined && "code" in answer)
        throw cliError("cli/demo-failed", `not accepted: ${answer.message}`);
      accepted = answer?.accepted ?? 0;
      return answer !== undefined;
    });
    return accepted;
  }

  /** Removes what capture can make again from the log and the database: its index, and its notes of how far it is. */
  forgetNotes(): void {
    const { index, progress } = sourceLayout(this.folder.layout, SOURCE);
    for (const file of [index, progress]) for (const part of ["", "-wal", "-shm"]) rmSync(file + part, { force: true });
  }

  async close(): Promise<void> {
    await this.#rest();
    await this.#node?.stop();
    await this.#postgres.stop();
  }

  /** Waits until capture's own notes say what is asked for. */
  async #noted(holds: (progress: Progress) => boolean): Promise<void> {
    const progress = openProgress(sourceLayout(this.folder.layout, SOURCE).progress);
    try {
      await this.#until(() => holds(progress));
    } finally {
      progress.close();
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    for (const end = Date.now() + CATCH_UP_MS_MAX; !holds(); ) {
      if (this.#o.signal.aborted) throw new AnamnesisError("capture/stopped", "stopped during the demonstration");
      if (Date.now() > end) throw cliError("cli/demo-failed", "capture did not catch up in a minute: see its log");
      await Promise.race([sleep(POLL_MS), this.#failed()]);
    }
  }

  async #rest(): Promise<void> {
    await this.#ward?.stop();
    this.#worked += this.#ward?.figures.rows ?? 0;
    this.#ward = undefined;
  }

  /** A position after everything that is committed; the message makes the stream pass it. */
  #mark(): Promise<bigint> {
    return withClient({ url: this.url }, async (client) => {
      await client.query("SELECT pg_catalog.pg_logical_emit_message(true, 'anamnesis.barrier', 'stage')");
      const { rows } = await client.query<{ lsn: string }>("SELECT (pg_current_wal_lsn() - '0/0')::text AS lsn");
      return BigInt(rows[0]?.lsn ?? 0);
    });
  }

  #failed(): Promise<never> {
    return this.#node?.failed ?? new Promise(() => undefined);
  }
}
