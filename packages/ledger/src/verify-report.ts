/** What `verifyLog` is given and what it says. */
import type { Primitives } from "@anamnesis/crypto";
import type { Contract } from "./contract.ts";
import type { Receipt } from "./engine.ts";
import type { Genesis } from "./genesis.ts";

/** Where a log comes from: files, a URL, a store. A `LogReader` is one. Nothing it gives is believed. */
export interface LogSource {
  checkpoint(): Promise<{ readonly note: string }>;
  /** Tile or entry bundle by its C2SP path. */
  tile(path: string): Promise<Uint8Array | undefined>;
}

/** What a store keeps beside the log; each row must follow from the log. */
export interface StoredTables {
  blocks(): Iterable<StoredBlock>;
  /** In the order of their log index. */
  receipts(): Iterable<Receipt>;
  state(): Iterable<readonly [key: string, value: Uint8Array]>;
  /** Nodes of the state tree with their paths. */
  nodes(): Iterable<readonly [path: Uint8Array, node: Uint8Array]>;
  /** What the store itself finds wrong with its file. */
  integrity(): Iterable<string>;
}

export interface StoredBlock {
  readonly sequence: number;
  readonly time: number;
  readonly first: number;
  readonly size: number;
}

export interface VerifyOptions {
  readonly primitives: Primitives;
  /** The founding document that the verifier trusts. Without it leaf 0 of the log itself is believed, and reported. */
  readonly genesis?: Genesis;
  /** With it every block is executed again and every state root compared. */
  readonly contract?: Contract;
  readonly tables?: StoredTables;
  /**
   * Leaves below this index (a multiple of 256) are not there any more: only their hashes are checked, nothing is executed, and the
   * state in `tables` is compared with the newest block's root as a whole. 0 = all are there.
   */
  readonly pruned?: number;
  /** Signed checkpoint seen before: the log must continue it. */
  readonly remembered?: string;
  /** Called now and then with the number of leaves checked. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Problem {
  /** Code of an `AnamnesisError`, or of the refusal that the replay gives. */
  readonly code: string;
  readonly message: string;
  /** `checkpoint`, `leaf 17`, `block 3`, a tile's path, or the name of a table. */
  readonly where: string;
}

export interface LogReport {
  readonly ok: boolean;
  readonly origin: string;
  readonly size: number;
  /** 32 bytes; of the checkpoint, as soon as its signature was checked. */
  readonly root: Uint8Array;
  readonly commands: number;
  readonly events: number;
  readonly blocks: number;
  /** Whether the founding document came from the verifier or from the log itself. */
  readonly trust: "given" | "first-use";
  /** Whether every block was executed again. */
  readonly replayed: boolean;
  /**
   * Commands signed by keys that came after the foundation, which were not checked: that takes a replay, so it is 0 with a
   * contract. A key that was suspended or retired is not noticed without one either.
   */
  readonly unfollowed: number;
  /** Leaves that are not there any more, of which only the hashes were checked; counts of commands, events, blocks leave them out. */
  readonly pruned: number;
  /** At most `PROBLEMS_MAX`; an empty list means that everything holds. */
  readonly problems: readonly Problem[];
}

/** More are counted as one: who has a hundred problems restores. */
export const PROBLEMS_MAX = 100;

export class Problems {
  readonly list: Problem[] = [];

  add(code: string, message: string, where: string): void {
    if (this.list.length < PROBLEMS_MAX) this.list.push({ code, message, where });
  }

  get full(): boolean {
    return this.list.length >= PROBLEMS_MAX;
  }
}
