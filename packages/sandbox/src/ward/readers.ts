import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { sandboxError } from "../errors.ts";
import { Rng } from "../random.ts";
import { type Actor, administration, clinician } from "./actors.ts";
import { isLost } from "./transaction.ts";

export interface ReadersOptions {
  /** A superuser's address: makes the login of the ward's viewer and lets the server log what it reads. */
  readonly url: string;
  readonly seed?: string | number;
  /** Files opened per second. Default 1. */
  readonly filesPerSecond?: number;
  readonly signal?: AbortSignal;
}

/** People who look into files and write nothing: one application, with one login for them all. */
export interface Readers {
  /** Files opened so far. */
  readonly opened: number;
  /** Ends within 1 s. */
  stop(): Promise<void>;
  /** Rejects with `sandbox/ward-failed` when the work cannot go on; resolves after `stop`. */
  readonly done: Promise<void>;
}

/** Login of the viewer; who uses it stands in a comment of each statement. */
export const VIEWER = "ward_viewer";

/** What the server needs to know at its start to log the viewer's reads; the rest is set for that login alone. */
export const READ_LOG = {
  log_destination: "jsonlog",
  logging_collector: "on",
  log_filename: "reads-%a.log",
  log_rotation_size: "32MB",
  shared_preload_libraries: "auto_explain",
} as const;

const FILE = [
  "SELECT * FROM patients WHERE id = $1",
  "SELECT effective_at, code, value, unit FROM observations WHERE patient_id = $1 ORDER BY effective_at DESC LIMIT 20",
  "SELECT * FROM medications WHERE patient_id = $1",
  "SELECT * FROM notes WHERE patient_id = $1",
];

export function startReaders(options: ReadersOptions): Readers {
  return new People(options);
}

class People implements Readers {
  readonly done: Promise<void>;
  readonly #options: ReadersOptions;
  readonly #rng: Rng;
  readonly #stop = new AbortController();
  #opened = 0;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#rng = new Rng(`readers/${options.seed ?? "anamnesis"}`);
    options.signal?.addEventListener("abort", () => this.#stop.abort(), { once: true });
    if (options.signal?.aborted === true) this.#stop.abort();
    this.done = this.#work();
    this.done.catch(() => undefined); // whoever wants to know awaits it
  }

  get opened(): number {
    return this.#opened;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => undefined);
  }

  /** A lost server is waited for. */
  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#shift();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!isLost(error)) throw sandboxError("sandbox/ward-failed", "the ward's viewer met an error", {}, error);
        await this.#pause(200);
      }
    }
  }

  async #shift(): Promise<void> {
    const address = await viewer(this.#options.url);
    const client = new pg.Client({
      connectionString: address,
      application_name: "viewer",
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => undefined); // the query in flight reports it
    await client.connect();
    try {
      const { rows } = await client.query<{ last: number }>("SELECT max(id)::int AS last FROM patients");
      const wait = 1_000 / (this.#options.filesPerSecond ?? 1);
      while (!this.#stop.signal.aborted) {
        await this.#open(client, rows[0]?.last ?? 1);
        await this.#pause(wait * (0.5 + this.#rng.int(1_000) / 1_000));
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Most look at a whole file, some only at who it is. */
  async #open(client: pg.Client, patients: number): Promise<void> {
    const brief = this.#rng.chance(0.2);
    const who = brief ? administration(this.#rng) : clinician(this.#rng);
    const patient = this.#rng.between(1, patients);
    for (const sql of brief ? FILE.slice(0, 1) : FILE) await client.query(`${sql} ${claim(who)}`, [patient]);
    this.#opened++;
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

/** The comment that names the person; an application that logs in for everybody has to say it. */
function claim({ name, purpose }: Actor): string {
  const encoded = encodeURIComponent(name).replaceAll("'", "%27").replaceAll("*", "%2A");
  return `/* anamnesis actor=${encoded} purpose=${purpose} */`;
}

/** Makes the viewer's login if it is missing. Its address. */
async function viewer(url: string): Promise<string> {
  const admin = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  admin.on("error", () => undefined);
  await admin.connect();
  try {
    const { rows } = await admin.query(`SELECT FROM pg_roles WHERE rolname = '${VIEWER}'`);
    if (rows.length === 0) await admin.query(`CREATE ROLE ${VIEWER} LOGIN`);
    const address = new URL(url);
    address.username = VIEWER;
    await admin.query(`ALTER ROLE ${VIEWER} PASSWORD '${address.password}'`);
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${VIEWER}`);
    for (const [name, value] of Object.entries(LOGGED)) {
      await admin.query(`ALTER ROLE ${VIEWER} SET auto_explain.${name} = '${value}'`);
    }
    return address.href;
  } finally {
    await admin.end().catch(() => undefined);
  }
}

const LOGGED = {
  log_min_duration: "0",
  log_format: "json",
  log_verbose: "on",
  log_analyze: "on",
  log_timing: "off",
  log_nested_statements: "on",
};
