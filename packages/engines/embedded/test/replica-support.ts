/** A ledger that is ordered in one folder and followed in another. */
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import type { Contract, Engine, Genesis } from "@anamnesis/ledger";
import {
  catchUp,
  createLedger,
  type FollowedLog,
  FollowerEngine,
  type LedgerReader,
  openEmbedded,
  openOrFound,
  openReader,
  type Replica,
} from "../src/index.ts";

export interface PairOptions {
  readonly dir: string;
  readonly genesis: Genesis;
  readonly contract: Contract;
  readonly logSeed: Uint8Array;
  readonly clock: { now(): number };
}

/** What another process would fetch over the network. */
export function followed(reader: LedgerReader): FollowedLog {
  return {
    checkpoint: () => reader.checkpoint(),
    tile: (path) => reader.tile(path),
    notes: async (sequence) => reader.notes(sequence, 256),
  };
}

export class Pair {
  readonly #options: PairOptions;
  ordering: Engine;
  log: LedgerReader;
  replica: Replica;
  engine: FollowerEngine;
  #pulling: Promise<void> = Promise.resolve();

  private constructor(options: PairOptions, ordering: Engine, log: LedgerReader, replica: Replica) {
    this.#options = options;
    this.ordering = ordering;
    this.log = log;
    this.replica = replica;
    this.engine = this.#engine();
  }

  static async open(options: PairOptions): Promise<Pair> {
    await createLedger({
      ...options,
      dir: join(options.dir, "orderer"),
      primitives: native,
      logSigner: options.logSeed,
    });
    return new Pair(options, ...(await Pair.#start(options)));
  }

  static async #start(options: PairOptions): Promise<[Engine, LedgerReader, Replica]> {
    const { contract, genesis, clock, logSeed, dir } = options;
    const at = { dir: join(dir, "orderer"), primitives: native, genesis };
    const ordering = await openEmbedded({ ...at, contract, clock, logSigner: logSeed });
    const log = await openReader(at);
    return [ordering, log, await openOrFound(Pair.replicaOptions(options), followed(log))];
  }

  static replicaOptions({ dir, genesis, contract }: PairOptions) {
    return { dir: join(dir, "replica"), genesis, contract, primitives: native };
  }

  async restart(): Promise<void> {
    await this.close();
    [this.ordering, this.log, this.replica] = await Pair.#start(this.#options);
    this.engine = this.#engine();
  }

  async catchUp(): Promise<void> {
    await catchUp(this.replica, followed(this.log), { primitives: native, signal: AbortSignal.timeout(60_000) });
  }

  /** For `onBehind`: `close` waits for it. */
  behind(): void {
    this.#pulling = this.#pulling.then(() => this.catchUp());
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.#pulling;
    this.replica.close();
    await this.log.close();
    await this.ordering.close();
  }

  #engine(): FollowerEngine {
    const { replica } = this;
    return new FollowerEngine({
      replica,
      orderer: {
        submit: async (transaction) => void (await this.ordering.submit(transaction)),
      },
      onBehind: () => this.behind(),
      problem: () => undefined,
    });
  }
}
