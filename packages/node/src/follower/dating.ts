/**
 * Holding blocks against cosignatures (spec/log.md, `back-dated`): members that cosigned a checkpoint at some time have not seen the
 * block behind it, so that block bears no time long before. Agreed time never runs backwards, so the first one behind each
 * checkpoint is enough.
 */
import { isAnamnesisError } from "@anamnesis/core";
import type { Replica } from "@anamnesis/embedded";
import {
  BACK_DATED_TOLERANCE_MS,
  cosignedBy,
  decodeLeaf,
  type Genesis,
  type MemberSet,
  makeBackDated,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  type SealedState,
  sealQuorum,
} from "@anamnesis/ledger";
import { primitives } from "../system.ts";
import { convicting, type Found } from "./found.ts";

export interface DatingOptions {
  readonly genesis: Genesis;
  /** Trust chain to the members who count. */
  readonly links: () => readonly SealedState[];
  readonly members: () => MemberSet;
  readonly replica: () => Pick<Replica, "newest" | "reader" | "notes"> | undefined;
}

interface Cosigned {
  readonly note: string;
  readonly size: number;
  /** When a sealing quorum had cosigned, ms since 1970. */
  readonly atMs: number;
}

/** Checkpoints that wait for the block behind them: the newest cosignatures of each are kept. */
const WAITING_MAX = 64;

export class Dating {
  readonly #o: DatingOptions;
  readonly #waiting = new Map<number, Cosigned>();

  constructor(options: DatingOptions) {
    this.#o = options;
  }

  /** A checkpoint with whatever cosignatures it carries; nothing in it is believed. */
  learn(note: string): void {
    const cosigned = this.#read(note);
    if (cosigned === undefined) return;
    const known = this.#waiting.get(cosigned.size);
    if (known !== undefined && known.atMs >= cosigned.atMs) return;
    this.#waiting.set(cosigned.size, cosigned);
    const oldest = Math.min(...this.#waiting.keys());
    if (this.#waiting.size > WAITING_MAX) this.#waiting.delete(oldest);
  }

  /** What convicts among the blocks that came behind checkpoints learned before. */
  async due(): Promise<Found | undefined> {
    const replica = this.#o.replica();
    if (replica === undefined) return undefined;
    for (const cosigned of this.#waiting.values()) {
      if (cosigned.size >= replica.newest.size) continue;
      // Before it is judged: what cannot be read here any more must not be asked for again and again.
      this.#waiting.delete(cosigned.size);
      const found = await this.#judge(replica, cosigned);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #judge(
    replica: Pick<Replica, "reader" | "notes">,
    { note: sealed, size, atMs }: Cosigned,
  ): Promise<Found | undefined> {
    const { reader } = replica;
    const before = decodeLeaf(await leafAt(reader, size - 1));
    const [note] = before.type === "block" ? replica.notes(before.sequence + 1, 1) : [];
    if (note === undefined) return undefined;
    const newer = parseCheckpoint(parseNote(note).text).size;
    const leaf = await leafAt(reader, newer - 1);
    const block = decodeLeaf(leaf);
    if (block.type !== "block" || block.time + BACK_DATED_TOLERANCE_MS >= atMs) return undefined;
    const path = await reader.inclusion(newer - 1, newer);
    const accuser = { primitives, genesis: this.#o.genesis, links: this.#o.links() };
    const evidence = makeBackDated(accuser, sealed, { note, index: newer - 1, leaf, path });
    return convicting({ kind: "back-dated", label: String(newer), evidence });
  }

  #read(note: string): Cosigned | undefined {
    const { genesis, members } = this.#o;
    try {
      const { size } = openCheckpoint(primitives, note, genesis);
      const set = members();
      const times = cosignedBy(primitives, genesis.chain, set, note).map(({ time }) => time);
      const time = times.sort((a, b) => b - a)[sealQuorum(set.members.length) - 1];
      return time === undefined || size === 0 ? undefined : { note, size, atMs: time * 1000 };
    } catch (error) {
      if (!isAnamnesisError(error)) throw error;
      return undefined;
    }
  }
}

async function leafAt(reader: Replica["reader"], index: number): Promise<Uint8Array> {
  for await (const { leaf } of reader.leaves(index, index + 1)) return leaf.slice();
  return new Uint8Array(0);
}
