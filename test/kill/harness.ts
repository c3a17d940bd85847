/**
 * A hospital at work, a node in a process of its own, and somebody who kills one or the other at random moments. At the
 * end everything is counted twice: by the ledger, and by a second replication slot that PostgreSQL itself kept meanwhile.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { withClient } from "@anamnesis/capture";
import { decodeSourceState, sourcePath } from "@anamnesis/contracts";
import { decodeEvent, isEventLeaf } from "@anamnesis/ledger";
import { type Folder, openLog } from "@anamnesis/node";
import { type Postgres, startPostgres, startWard, type Ward } from "@anamnesis/sandbox";
import { openSandbox } from "../../packages/cli/src/sandbox/open.ts";
import { POSTGRES, SOURCE } from "../../packages/cli/src/sandbox/state.ts";
import { whileFrozen } from "./frozen.ts";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/anamnesis.js", import.meta.url));
const BURST_ROWS = 5_000;
const FROZEN_ROWS = 20;
const FROZEN_MS_MAX = 3_000;
const AUDIT_SLOT = "audit";

export type Victim = "node" | "postgres";

/** One kill: what was final then, and up to where the database had committed. */
export interface Kill {
  readonly victim: Victim;
  readonly finalLsn: bigint;
  readonly committedLsn: bigint;
}

export interface Count {
  readonly events: number;
  /** Pairs of (commit LSN, ordinal) that stand on the ledger more than once. */
  readonly doubles: number;
  /** Events that declare a gap or a restore: none is expected. */
  readonly declared: number;
  /** Transactions that only one side has, or with a count of rows that cannot be the same work. */
  readonly differing: number;
  readonly transactions: number;
  /** For each kill, events committed before it that only became final after it. */
  readonly inFlight: readonly number[];
}

/** A seeded generator (mulberry32), enough for delays. */
export function delays(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class KillHarness {
  readonly dir: string;
  readonly kills: Kill[] = [];
  readonly #folder: Folder;
  readonly #ward: Ward;
  readonly #theirs = new Map<number, Decoded>();
  #postgres: Postgres;
  #node: ChildProcess | undefined;

  private constructor(dir: string, folder: Folder, postgres: Postgres, ward: Ward) {
    this.dir = dir;
    this.#folder = folder;
    this.#postgres = postgres;
    this.#ward = ward;
  }

  static async start(seed: number, patients = 150): Promise<KillHarness> {
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-kill-"));
    const { signal } = new AbortController();
    const { folder, postgres } = await openSandbox({ dir, patients, seed: String(seed), signal });
    const ward = startWard({ url: postgres.url, seed, writesPerSecond: 20 });
    const harness = new KillHarness(dir, folder, postgres, ward);
    await harness.#startNode();
    await harness.verify();
    await withClient({ url: postgres.url }, (client) =>
      client.query(`SELECT pg_create_logical_replication_slot('${AUDIT_SLOT}', 'test_decoding')`),
    );
    return harness;
  }

  get written(): number {
    return this.#ward.figures.rows;
  }

  /**
   * A burst of writes, a random moment, a kill -9, a restart. The node is frozen at that moment, whatever it is doing,
   * until the database has committed some more: so there is always work that had begun and was not final.
   */
  async kill(victim: Victim, chance: number): Promise<void> {
    const burst = this.#ward.run(BURST_ROWS);
    await sleep(100 + Math.floor(chance * 600));
    this.#node?.kill("SIGSTOP");
    const before = this.written;
    for (let waited = 0; this.written < before + FROZEN_ROWS && waited < FROZEN_MS_MAX; waited += 5) await sleep(5);
    const committedLsn = await this.#committed();
    if (victim === "node") await this.#killNode();
    else await this.#postgres.kill9();
    this.kills.push({ victim, finalLsn: await whileFrozen(this.#node, () => this.#final()), committedLsn });
    this.#node?.kill("SIGCONT");
    if (victim === "node") await this.#startNode();
    else this.#postgres = await startPostgres({ dir: join(this.dir, POSTGRES), port: this.#postgres.port });
    await burst;
  }

  /** `anamnesis verify`, as a user would run it. */
  async verify(): Promise<{ readonly code: number; readonly out: string }> {
    return this.command("verify", SOURCE, "--dir", this.dir, "--json");
  }

  async stopWard(): Promise<void> {
    await this.#ward.stop();
  }

  async stopNode(): Promise<number | null> {
    const node = this.#node;
    this.#node = undefined;
    if (node === undefined || node.exitCode !== null) return node?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => node.once("exit", resolve));
    node.kill("SIGINT");
    return ended;
  }

  async close(): Promise<void> {
    await this.#ward.stop();
    await this.stopNode();
    await this.#postgres.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  command(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      let out = "";
      child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? -1, out }));
    });
  }

  /**
   * Takes what the second slot has so far, and lets the server make a checkpoint: killed every few seconds it never comes to
   * one by itself, no slot's restart position moves, and after some gigabytes of WAL the server gives both slots up.
   */
  async drain(): Promise<void> {
    await this.#decode(this.#theirs);
    await withClient({ url: this.#postgres.url }, (client) => client.query("CHECKPOINT"));
  }

  /** Counts the ledger against the database's own second slot. Node and ward must have stopped. */
  async count(): Promise<Count> {
    const theirs = this.#theirs;
    await this.#decode(theirs);
    const ours = new Map<number, number>();
    const places = new Set<string>();
    const inFlight = this.kills.map(() => 0);
    let events = 0;
    let declared = 0;
    const log = await openLog(this.#folder);
    try {
      const { size } = await log.checkpoint();
      for await (const { leaf } of log.leaves(0, size)) {
        if (!isEventLeaf(leaf)) continue;
        const { kind, lsn, ordinal, xid } = decodeEvent(leaf);
        events++;
        places.add(`${lsn}/${ordinal}`);
        if (kind === "gap" || kind === "restored") declared++;
        const low = Number(xid & 0xffff_ffffn);
        if (theirs.has(low) || kind !== "baseline") ours.set(low, (ours.get(low) ?? 0) + 1);
        this.kills.forEach((k, i) => {
          if (xid !== 0n && lsn > k.finalLsn && lsn <= k.committedLsn) inFlight[i] = (inFlight[i] ?? 0) + 1;
        });
      }
    } finally {
      await log.close();
    }
    const differing = [...theirs].filter(([xid, t]) => !fits(ours.get(xid) ?? 0, t)).length;
    return { events, doubles: events - places.size, declared, differing, transactions: theirs.size, inFlight };
  }

  /** Row changes per transaction as `test_decoding` tells them. An update of a key or a keyless row is two events of ours. */
  async #decode(found: Map<number, Decoded>): Promise<void> {
    await withClient({ url: this.#postgres.url }, async (client) => {
      const { rows } = await client.query<{ xid: string; change: string; n: string }>(
        `SELECT xid::text, split_part(substring(data FROM '^table [^:]+: (\\w+)'), ':', 1) AS change, count(*)::text AS n
           FROM pg_logical_slot_get_changes('${AUDIT_SLOT}', NULL, NULL) WHERE data LIKE 'table public.%' GROUP BY 1, 2`,
      );
      for (const { xid, change, n } of rows) {
        const before = found.get(Number(xid)) ?? { changes: 0, updates: 0 };
        const updates = before.updates + (change === "UPDATE" ? Number(n) : 0);
        found.set(Number(xid), { changes: before.changes + Number(n), updates });
      }
    });
  }

  async #killNode(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    const ended = new Promise((resolve) => node.once("exit", resolve));
    node.kill("SIGKILL");
    await ended;
  }

  async #startNode(): Promise<void> {
    const args = [COMMAND, "node", "--dir", this.dir, "--port", "0"];
    const node = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#node = node;
    let said = "";
    await new Promise<void>((resolve, reject) => {
      node.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("http://")) resolve();
      });
      node.once("exit", (code) => reject(new Error(`the node ended with ${code}: ${said}`)));
    });
  }

  async #committed(): Promise<bigint> {
    return withClient({ url: this.#postgres.url }, async (client) => {
      const { rows } = await client.query<{ n: string }>("SELECT (pg_current_wal_lsn() - '0/0')::text AS n");
      return BigInt(rows[0]?.n ?? 0);
    });
  }

  /** How far the ledger knew the source when the victim died. */
  async #final(): Promise<bigint> {
    const log = await openLog(this.#folder);
    try {
      const { value } = await log.read(sourcePath(this.#folder.config.organisation, SOURCE));
      return value === undefined ? 0n : decodeSourceState(value).position.lsn;
    } finally {
      await log.close();
    }
  }
}

interface Decoded {
  readonly changes: number;
  readonly updates: number;
}

const fits = (events: number, { changes, updates }: Decoded): boolean =>
  events >= changes && events <= changes + updates;
