/** A database in one of the states that are compared, with or without Anamnesis beside it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withClient } from "@anamnesis/capture";
import { type Postgres, startPostgres } from "@anamnesis/sandbox";
import { cpuSeconds } from "./cpu.ts";

const run = promisify(execFile);
const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/anamnesis.js", import.meta.url));
const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));

/** Each state holds everything of the one before it. */
export const STATES = ["nothing", "logical", "full", "capture", "reads"] as const;
export type State = (typeof STATES)[number];

export interface Load {
  readonly transactions: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Measured extends Load {
  /** Processor milliseconds per transaction, of the database's processes and of Anamnesis. */
  readonly database: number;
  readonly anamnesis: number;
}

const SCHEMA = `
  CREATE TABLE patients (id int PRIMARY KEY, name text);
  CREATE TABLE observations (id bigserial PRIMARY KEY, patient_id int NOT NULL REFERENCES patients (id), code text NOT NULL,
    value numeric(12,3), at timestamptz NOT NULL, note text);
  CREATE INDEX ON observations (patient_id, at);
  INSERT INTO patients SELECT i, 'patient ' || i FROM generate_series(1, 1000) i;
  INSERT INTO observations (patient_id, code, value, at, note)
    SELECT 1 + i % 1000, 'loinc-' || i % 50, i / 8.0, now(), 'one of those that were there before' FROM generate_series(1, 20000) i;`;

const AUTO_EXPLAIN: Readonly<Record<string, string>> = {
  shared_preload_libraries: "auto_explain",
  logging_collector: "on",
  log_destination: "jsonlog",
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_format": "json",
  "auto_explain.log_verbose": "on",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_timing": "off",
  "auto_explain.log_nested_statements": "on",
  "auto_explain.log_parameter_max_length": "-1",
};

export class Hospital {
  readonly #dir: string;
  readonly #state: State;
  #postgres: Postgres | undefined;
  #node: ChildProcess | undefined;
  #filled = false;

  constructor(dir: string, state: State) {
    this.#dir = dir;
    this.#state = state;
  }

  get #captured(): boolean {
    return this.#state === "capture" || this.#state === "reads";
  }

  async start(): Promise<void> {
    const settings = {
      ...(this.#state === "nothing" ? { wal_level: "replica" } : {}),
      ...(this.#state === "reads" ? AUTO_EXPLAIN : {}),
    };
    this.#postgres = await startPostgres({ dir: join(this.#dir, "pg"), extraSettings: settings });
    if (!this.#filled) await this.#fill(this.#postgres.url);
    await withClient({ url: this.#postgres.url }, (client) => client.query("CHECKPOINT"));
    if (this.#captured) await this.startNode();
  }

  /** Runs the load in a process of its own; processor time is over the whole run, warming up included. */
  async load(options: { readonly warm: number; readonly seconds: number; readonly rate: number }): Promise<Measured> {
    const { postgres, node } = { postgres: this.#postgres, node: this.#node };
    if (postgres === undefined) throw new Error("the hospital is not open");
    const before = {
      database: cpuSeconds(postgres.pid),
      anamnesis: node?.pid === undefined ? 0 : cpuSeconds(node.pid),
    };
    const args = [postgres.url, "8", options.warm, options.seconds, options.rate].map(String);
    const { stdout } = await run(process.execPath, [LOAD, ...args]);
    const load = JSON.parse(stdout) as Load;
    await sleep(200);
    const all = (load.transactions * (options.warm + options.seconds)) / options.seconds;
    const per = (now: number, then: number): number => ((now - then) * 1000) / all;
    return {
      ...load,
      database: per(cpuSeconds(postgres.pid), before.database),
      anamnesis: node?.pid === undefined ? 0 : per(cpuSeconds(node.pid), before.anamnesis),
    };
  }

  async startNode(): Promise<void> {
    const node = spawn(process.execPath, [COMMAND, "node", "--dir", this.#folder], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#node = node;
    // It says that it runs; before that, verify would take its place.
    const ended = once(node, "exit").then(([code]) => Promise.reject(new Error(`the node ended with ${code}`)));
    await Promise.race([once(node.stderr, "data"), ended]);
    ended.catch(() => undefined);
    await this.caughtUp();
  }

  /** Returns when everything committed until now is on the ledger. */
  async caughtUp(): Promise<void> {
    await run(process.execPath, [COMMAND, "verify", "ehr", "--dir", this.#folder, "--json"]);
  }

  async killNode(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    if (node === undefined) return;
    const gone = new Promise((resolve) => node.once("exit", resolve));
    node.kill("SIGTERM");
    await gone;
  }

  async stop(): Promise<void> {
    await this.killNode();
    await this.#postgres?.stop();
    this.#postgres = undefined;
  }

  get url(): string {
    return this.#postgres?.url ?? "";
  }

  get #folder(): string {
    return join(this.#dir, "org");
  }

  async #fill(url: string): Promise<void> {
    const full = this.#state !== "nothing" && this.#state !== "logical";
    await withClient({ url }, async (client) => {
      await client.query(`SET search_path = public; ${SCHEMA}`);
      if (full) await client.query("ALTER TABLE public.observations REPLICA IDENTITY FULL");
    });
    if (this.#captured) {
      await run(process.execPath, [COMMAND, "init", this.#folder, "--org", "Hospital Nord", "--port", "0"]);
      await run(process.execPath, [COMMAND, "source", "add", "ehr", "--url", url, "--dir", this.#folder]);
      await run(process.execPath, [COMMAND, "capture", "ehr", "--until-caught-up", "--dir", this.#folder]);
      if (this.#state === "reads")
        readsFromLog(join(this.#folder, "anamnesis.toml"), join(this.#postgres?.dataDir ?? "", "log"));
    }
    this.#filled = true;
  }
}

/** Turns on reading the server's log. */
function readsFromLog(config: string, log: string): void {
  appendFileSync(config, `[source.ehr.reads]\nlog = ${JSON.stringify(log)}\nmode = "auto_explain"\n`);
}
