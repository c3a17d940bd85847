import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { classify, sandboxError } from "../errors.ts";
import { isArchived } from "../hospital/rows.ts";
import { Rng } from "../random.ts";
import { connect, isLost, sqlState, transact, type WardWrite } from "./transaction.ts";

export interface WardOptions {
  readonly url: string;
  readonly seed?: string | number;
  /** Rows per second of the calm work; 0 leaves only `run`. Default 5. */
  readonly writesPerSecond?: number;
  readonly signal?: AbortSignal;
  /** Called after each commit. */
  readonly onWrite?: (write: WardWrite) => void;
}

/** Counts of what was committed and acknowledged; a commit whose answer was lost with the server is not in them. */
export interface WardFigures {
  readonly rows: number;
  readonly transactions: number;
  /** Rows written without an actor message. */
  readonly unnamed: number;
  readonly reconnects: number;
}

/**
 * People at work. They write only in open files (see `isArchived`), so that a row altered in a closed file is never
 * covered by a later legal write.
 */
export interface Ward {
  readonly figures: WardFigures;
  /** Writes at least that many rows as fast as four connections can, beside the calm work. Returns the rows written. */
  run(rows: number): Promise<number>;
  /** Ends the calm work and every `run` within 1 s. */
  stop(): Promise<void>;
  /** Rejects with `sandbox/ward-failed` or `sandbox/disk-full` when the work cannot go on; resolves after `stop`. */
  readonly done: Promise<void>;
}

const BURST_CONNECTIONS = 4;
const GRACE_MS = 700;

export function startWard(options: WardOptions): Ward {
  return new People(options);
}

class People implements Ward {
  readonly done: Promise<void>;
  readonly #options: WardOptions;
  readonly #rng: Rng;
  readonly #stop = new AbortController();
  readonly #clients = new Set<pg.Client>();
  readonly #figures = { rows: 0, transactions: 0, unnamed: 0, reconnects: 0 };
  #shifts = 0;
  #patients = 0;

  constructor(options: WardOptions) {
    this.#options = options;
    this.#rng = new Rng(`ward/${options.seed ?? "anamnesis"}`);
    options.signal?.addEventListener("abort", () => void this.stop(), { once: true });
    if (options.signal?.aborted === true) this.#stop.abort();
    const pace = options.writesPerSecond ?? 5;
    this.done = pace > 0 ? this.#shift(() => this.#calm(pace)) : Promise.resolve();
    this.done.catch(() => undefined); // whoever wants to know awaits it
  }

  get figures(): WardFigures {
    return { ...this.#figures };
  }

  async run(rows: number): Promise<number> {
    let written = 0;
    const more = (write: WardWrite | undefined): boolean => {
      written += write?.rows ?? 0;
      return written < rows;
    };
    await Promise.all(Array.from({ length: BURST_CONNECTIONS }, () => this.#shift(() => async (write) => more(write))));
    return written;
  }

  async stop(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#stop.abort();
    const end = Date.now() + GRACE_MS;
    while (this.#clients.size > 0 && Date.now() < end) await sleep(10);
    // A statement that hangs on a lock or a dead server: cut the line.
    for (const client of this.#clients) client.connection.stream.destroy();
    await this.done.catch(() => undefined);
  }

  /** Keeps the rows per second on average, with pauses that are a little uneven, as people's are. */
  #calm(pace: number): (write: WardWrite | undefined, rng: Rng) => Promise<boolean> {
    return async (write, rng) => {
      const wait = (((write?.rows ?? 1) * 1_000) / pace) * (0.5 + rng.int(1_000) / 1_000);
      await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      return true;
    };
  }

  /** One connection's work until `next` says no or the ward stops; a lost server is waited for. */
  async #shift(make: () => (write: WardWrite | undefined, rng: Rng) => Promise<boolean>): Promise<void> {
    const next = make();
    const rng = this.#rng.fork(this.#shifts++);
    for (let again = true; again && !this.#stop.signal.aborted; ) {
      const client = await connect(this.#options.url, this.#stop.signal);
      if (client === undefined) return;
      this.#clients.add(client);
      try {
        again = await this.#work(client, rng, next);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!isLost(error))
          throw sandboxError(
            classify(error) ?? "sandbox/ward-failed",
            `the ward met an error it cannot work around (${sqlState(error) || "no code"})`,
            {},
            error,
          );
        this.#figures.reconnects++;
        await sleep(50);
      } finally {
        await client.end().catch(() => undefined);
        this.#clients.delete(client);
      }
    }
  }

  async #work(
    client: pg.Client,
    rng: Rng,
    next: (write: WardWrite | undefined, rng: Rng) => Promise<boolean>,
  ): Promise<boolean> {
    if (this.#patients === 0) this.#patients = await countPatients(client);
    while (!this.#stop.signal.aborted) {
      const write = await transact(client, rng, openFile(rng, this.#patients));
      if (write !== undefined) this.#count(write);
      if (!(await next(write, rng))) return false;
    }
    return false;
  }

  #count(write: WardWrite): void {
    this.#figures.transactions++;
    this.#figures.rows += write.rows;
    if (write.actor === undefined) this.#figures.unnamed += write.rows;
    this.#options.onWrite?.(write);
  }
}

async function countPatients(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ open: number; last: number }>(
    "SELECT (count(*) FILTER (WHERE NOT archived))::int AS open, max(id)::int AS last FROM patients",
  );
  const [found] = rows;
  if (found !== undefined && found.open > 0) return found.last;
  throw sandboxError("sandbox/ward-failed", "the hospital has no patients: fill it first");
}

function openFile(rng: Rng, patients: number): number {
  for (;;) {
    const patient = rng.between(1, patients);
    if (!isArchived(patient)) return patient;
  }
}
