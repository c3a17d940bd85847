/**
 * Keeps a log's newest checkpoint cosigned by outside witnesses: offers it when the log has grown and again while it rests, so that
 * the times of the cosignatures stay fresh. What witnesses do never disturbs the node.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Cosigned,
  knownError,
  type NoteVerifier,
  type Offer,
  openWitnessed,
  WitnessClient,
  type WitnessPeer,
  withSignatures,
} from "@anamnesis/ledger";
import { writeWhole } from "./folder/files.ts";
import { primitives } from "./system.ts";

export interface WitnessingOptions {
  readonly witnesses: readonly (WitnessPeer & { readonly name: string })[];
  /** Who signs the log. */
  readonly log: NoteVerifier;
  /** Where the newest witnessed checkpoint is kept. */
  readonly file: string;
  /** The newest signed checkpoint. */
  readonly offer: () => Promise<Offer>;
  /** Calls back whenever the log has grown, until the signal aborts. */
  readonly subscribe: (grown: () => void, signal: AbortSignal) => void;
  /** Told when what a witness does changes. */
  readonly onOutcome?: (name: string, outcome: Cosigned) => void;
  readonly pace?: Partial<typeof PACE>;
}

export interface Witnessing {
  /** The newest witnessed checkpoint as a signed note. */
  newest(): string | undefined;
  stop(): Promise<void>;
}

/** Milliseconds: between two rounds of a growing log, of one at rest, and after a witness did not cosign. */
const PACE = { growing: 1000, resting: 60_000, failed: 10_000 };
/** So long, in seconds, a checkpoint with more cosignatures is kept in front of a newer one with fewer. */
const BETTER_FOR = 300;

export function startWitnessing(options: WitnessingOptions): Witnessing {
  const stopping = new AbortController();
  const rounds = new Rounds(options);
  const loop = run(rounds, options, stopping.signal);
  return {
    newest: () => rounds.newest?.note,
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

async function run(rounds: Rounds, options: WitnessingOptions, stop: AbortSignal): Promise<void> {
  const pace = { ...PACE, ...options.pace };
  let wake = new AbortController();
  let grown = false;
  options.subscribe(() => {
    grown = true;
    wake.abort();
  }, stop);
  while (!stop.aborted) {
    grown = false;
    wake = new AbortController();
    const all = await rounds.once(stop);
    await pause(pace.growing, stop);
    if (!grown) await pause((all ? pace.resting : pace.failed) - pace.growing, AbortSignal.any([stop, wake.signal]));
  }
}

/** Ends early and quietly when the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(Math.max(ms, 0), undefined, { signal, ref: false }).catch(() => undefined);

interface Kept {
  readonly note: string;
  readonly size: number;
  readonly count: number;
  /** Seconds: the newest of its cosignatures. */
  readonly time: number;
}

interface Named {
  readonly name: string;
  readonly client: WitnessClient;
}

class Rounds {
  readonly #options: WitnessingOptions;
  readonly #clients: readonly Named[];
  readonly #last = new Map<string, string>();
  newest: Kept | undefined;

  constructor(options: WitnessingOptions) {
    this.#options = options;
    this.#clients = options.witnesses.map((w) => ({ name: w.name, client: new WitnessClient(primitives, w) }));
    this.newest = existsSync(options.file) ? this.#kept(readFileSync(options.file, "utf8")) : undefined;
  }

  /** Asks all witnesses at once; whether all of them cosigned. */
  async once(stop: AbortSignal): Promise<boolean> {
    try {
      const offer = await this.#options.offer();
      const outcomes = await Promise.all(this.#clients.map((c) => this.#ask(c, offer)));
      const signatures = outcomes.flatMap((o) => (o.kind === "cosigned" ? [o.signature] : []));
      if (signatures.length > 0 && !stop.aborted) this.#keep(withSignatures(offer.note, signatures));
      return signatures.length === outcomes.length;
    } catch (error) {
      // The engine is closing, or the disk is full: the node itself says so, and the next round tries again.
      if (knownError(error) !== undefined || stop.aborted || isSystemError(error)) return false;
      throw error;
    }
  }

  async #ask({ name, client }: Named, offer: Offer): Promise<Cosigned> {
    const outcome = await client.cosign(offer);
    const shown = outcome.kind === "refused" ? `${outcome.kind} ${outcome.status}` : outcome.kind;
    if (this.#last.get(name) !== shown) this.#options.onOutcome?.(name, outcome);
    this.#last.set(name, shown);
    return outcome;
  }

  #keep(note: string): void {
    const next = this.#kept(note);
    const { newest } = this;
    if (next === undefined) return;
    if (newest !== undefined && next.count < newest.count && next.time - newest.time < BETTER_FOR) return;
    writeWhole(this.#options.file, note, 0o644);
    this.newest = next;
  }

  /** What a note is worth by the witnesses of today; `undefined` when the log or none of them signed it. */
  #kept(note: string): Kept | undefined {
    const verifiers = this.#options.witnesses.map((w) => w.verifier);
    try {
      const { checkpoint, by } = openWitnessed(primitives, note, this.#options.log, verifiers);
      if (by.length === 0) return undefined;
      return { note, size: checkpoint.size, count: by.length, time: Math.max(...by.map((b) => b.time)) };
    } catch (error) {
      // A file that was damaged or is of former keys: the next round replaces it.
      if (knownError(error) === undefined) throw error;
      return undefined;
    }
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && "syscall" in error;
