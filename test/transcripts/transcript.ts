/** A recorded list of commands with what became of each: in a file that any implementation can play. */
import { readFileSync } from "node:fs";
import { contract } from "@anamnesis/contracts";
import { fromBase64, toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  appendTiles,
  closeBlock,
  decodeGenesis,
  decodeSigned,
  EMPTY_STATE,
  type Execution,
  executeBlock,
  executeGenesis,
  type Frontier,
  type Genesis,
  type SignedTransaction,
  updateState,
} from "@anamnesis/ledger";
import { MemoryNodes } from "../../packages/ledger/src/verify-block.ts";

/** One command, in a block of its own. */
export interface Step {
  /** Agreed time of the block, ms. */
  readonly time: number;
  /** `encodeSigned`, base64. */
  readonly transaction: string;
  /** Code of the refusal; then the log stays as it was. */
  readonly refused?: string;
  /** Log size and root (hex) behind the block, and the state's root. */
  readonly size?: number;
  readonly root?: string;
  readonly state?: string;
}

export interface Transcript {
  readonly about: string;
  /** `encodeGenesis`, base64. */
  readonly genesis: string;
  /** Seed of the log's key, hex: so that an engine can order it. */
  readonly logSeed: string;
  readonly steps: readonly Step[];
}

export const FILE = new URL("../../vectors/transcripts/all-modules.json", import.meta.url);
export const readTranscript = (): Transcript => JSON.parse(readFileSync(FILE, "utf8")) as Transcript;
export const genesisOf = (transcript: Transcript): Genesis => decodeGenesis(fromBase64(transcript.genesis));
export const transactionOf = (p: Primitives, step: Pick<Step, "transaction">): SignedTransaction =>
  decodeSigned(p, fromBase64(step.transaction));

/** The contract alone, without engine or disk: state in a map, tree in memory. */
export class Player {
  readonly #p: Primitives;
  readonly #genesis: Genesis;
  readonly #nodes = new MemoryNodes();
  readonly #tiles = new Map<string, Uint8Array>();
  #frontier: Frontier | undefined;
  readonly state = new Map<string, Uint8Array>();
  sequence = 0;
  size = 0;
  root = "";
  stateRoot: Uint8Array = EMPTY_STATE;

  constructor(p: Primitives, genesis: Genesis) {
    this.#p = p;
    this.#genesis = genesis;
    this.#close(executeGenesis(this.#host, genesis), genesis.time);
  }

  get #host() {
    return { primitives: this.#p, contract, chain: this.#genesis.chain, state: this.state };
  }

  /** What became of the command: the step as it is recorded. */
  play(time: number, transaction: SignedTransaction): Omit<Step, "transaction" | "time"> {
    const execution = executeBlock(this.#host, { sequence: this.sequence + 1, time, transactions: [transaction] });
    const [result] = execution.results;
    if (result?.accepted !== true) return { refused: result?.refusal.code ?? "nothing" };
    this.sequence++;
    this.#close(execution, time);
    return { size: this.size, root: this.root, state: toHex(this.stateRoot) };
  }

  #close(execution: Execution, time: number): void {
    this.stateRoot = updateState(this.#p, this.#nodes, this.stateRoot, execution.changes);
    for (const [key, value] of execution.changes) {
      if (value === undefined) this.state.delete(key);
      else this.state.set(key, value);
    }
    const { hashes } = closeBlock(this.#p, execution, { sequence: this.sequence, time }, this.stateRoot);
    const read = (level: number, index: number) => this.#tiles.get(`${level}/${index}`);
    const appended = appendTiles(this.#p, read, this.size, hashes, this.#frontier);
    for (const { level, index, data } of appended.writes) this.#tiles.set(`${level}/${index}`, data);
    this.size = appended.size;
    this.root = toHex(appended.root);
    this.#frontier = appended.frontier;
  }
}

/** Every step that comes out otherwise than recorded, in words; empty = all as recorded. */
export function differences(p: Primitives, transcript: Transcript): readonly string[] {
  const player = new Player(p, genesisOf(transcript));
  return transcript.steps.flatMap(({ time, transaction, ...recorded }, i) => {
    const found = player.play(time, transactionOf(p, { transaction }));
    const same = JSON.stringify(sorted(found)) === JSON.stringify(sorted(recorded));
    return same ? [] : [`step ${i}: ${JSON.stringify(found)} in place of ${JSON.stringify(recorded)}`];
  });
}

const sorted = (value: object): readonly unknown[] => Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
