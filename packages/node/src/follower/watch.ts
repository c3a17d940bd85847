/** A follower's eye on the orderer: what the replica alone does not find (spec/log.md, "Evidence"). One look after the other. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FollowedLog, Replica } from "@anamnesis/embedded";
import { knownError, type SignedTransaction } from "@anamnesis/ledger";
import { cosignerSeed, type Folder } from "../folder/folder.ts";
import { contradiction, contradicts, keepEvidence } from "./accuse.ts";
import { Dating } from "./dating.ts";
import { convicting, type Found } from "./found.ts";
import { PromiseStore } from "./promise-store.ts";
import { PromisesReceived } from "./promises-received.ts";
import type { SealStore } from "./seal-store.ts";
import { Withholding } from "./withholding.ts";

export interface WatchOptions {
  readonly folder: Folder;
  readonly replica: Replica;
  readonly seals: SealStore;
  /** What the other members say about leaves that are withheld, unchecked. */
  readonly others: (signal: AbortSignal) => Promise<readonly Uint8Array[]>;
  /** The path of an evidence file that was just written. */
  readonly onEvidence?: (path: string) => void;
  readonly pace?: Partial<WatchPace>;
}

/** Milliseconds between two looks, and how long leaves are waited for before they count as withheld. */
export interface WatchPace {
  readonly lookMs: number;
  readonly patienceMs: number;
}

const PACE: WatchPace = { lookMs: 1000, patienceMs: 5 * 60_000 };

export class Watch {
  readonly #o: WatchOptions;
  readonly #stop = new AbortController();
  readonly #store: PromiseStore;
  readonly #promises: PromisesReceived;
  readonly #dating: Dating;
  readonly #withholding: Withholding;
  readonly #done: Promise<void>;
  /** A note that contradicts the replica, until it was written down; one is enough. */
  #suspect: string | undefined;
  #forked = false;

  /** @throws AnamnesisError `node/no-access`, `node/disk-full`, `node/damaged-memory`, `node/bad-key-file` */
  constructor(options: WatchOptions) {
    this.#o = options;
    const { folder, replica, seals } = options;
    const { genesis, config, layout } = folder;
    const ground = { genesis, links: () => seals.links, members: () => seals.trusted };
    this.#store = new PromiseStore(layout.promises);
    this.#promises = new PromisesReceived({ ...ground, replica, store: this.#store });
    this.#dating = new Dating({ ...ground, replica: () => replica });
    this.#withholding = new Withholding({
      ...{ ...ground, replica, organisation: config.organisation, seed: cosignerSeed(folder) },
      patienceMs: options.pace?.patienceMs ?? PACE.patienceMs,
      others: () => options.others(this.#stop.signal),
    });
    this.#done = this.#run();
  }

  /** A promise that came back for a transaction of ours. */
  promised(promise: Uint8Array, transaction: SignedTransaction): void {
    this.#promises.receive(promise, transaction);
  }

  /** A checkpoint of the log as it was fetched, or as members sealed it. */
  heard(note: string): void {
    this.#withholding.heard(note);
    this.#dating.learn(note);
  }

  /** One that somebody offers to be cosigned, signed by the log's key. What is fetched is held against the replica anyhow. */
  offered(note: string): void {
    this.heard(note);
    const { folder, replica } = this.#o;
    if (this.#forked || this.#stop.signal.aborted) return;
    try {
      if (contradicts(note, { genesis: folder.genesis, replica })) this.#suspect = note;
    } catch (error) {
      // Signed by the log's key, but no checkpoint of ours: no proof of anything.
      if (knownError(error) === undefined) throw error;
    }
  }

  get testimonies(): Uint8Array | undefined {
    return this.#withholding.testimonies;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    this.#store.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) => {
        // The node is closing, a disk is full, or a leaf is not here any more: the next look tries again.
        if (knownError(error) === undefined && !signal.aborted) throw error;
      });
      await sleep(this.#o.pace?.lookMs ?? PACE.lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    for (const found of await this.#promises.due()) this.#keep(found);
    this.#keep(await this.#dating.due());
    this.#keep(await this.#contradiction());
    this.#keep(await this.#withholding.due());
  }

  async #contradiction(): Promise<Found | undefined> {
    const note = this.#suspect;
    this.#suspect = undefined;
    if (note === undefined || this.#forked) return undefined;
    const { folder, replica, seals } = this.#o;
    const evidence = await contradiction(note, { genesis: folder.genesis, links: seals.links, replica });
    const found = convicting({ kind: "fork", label: `shown-${replica.newest.size}`, evidence });
    this.#forked = found !== undefined;
    return found;
  }

  #keep(found: Found | undefined): void {
    if (found === undefined) return;
    const { folder, onEvidence } = this.#o;
    const path = keepEvidence(folder.layout.dir, found.kind, found.label, found.evidence);
    onEvidence?.(path);
  }
}

/** The log as it is followed, with an ear for the checkpoints that it shows. */
export function overheard(log: FollowedLog, heard: (note: string) => void): FollowedLog {
  return {
    async checkpoint() {
      const shown = await log.checkpoint();
      heard(shown.note);
      return shown;
    },
    tile: (path) => log.tile(path),
    notes: (sequence) => log.notes(sequence),
  };
}
