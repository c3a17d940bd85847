/**
 * Cosigned checkpoints of a member's folder: of each epoch the newest one that its members sealed, and the links of the trust
 * chain. One SQLite file, which commands read beside a running node. Members cosign again what is lost; the links of epochs
 * gone by have to be asked of another member.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { decode, encode } from "@anamnesis/core";
import {
  checkSeal,
  foundingSet,
  type Genesis,
  isSealed,
  knownError,
  type MemberSet,
  parseCheckpoint,
  parseNote,
  type SealedState,
  sealedFromCbor,
  sealedToCbor,
  trustedSets,
} from "@anamnesis/ledger";
import { explainFile } from "../errors.ts";
import { primitives } from "../system.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS links (epoch INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sealed (epoch INTEGER PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
`;
const BUSY_MS = 10_000;

/** The newest sealed checkpoint and what leads to it. */
export interface Seals {
  readonly links: readonly SealedState[];
  readonly newest: SealedState | undefined;
}

export class SealStore {
  readonly #genesis: Genesis;
  readonly #db: DatabaseSync;
  #links: readonly SealedState[];
  #trusted: MemberSet;

  /** Makes the file when it is missing. @throws AnamnesisError `node/no-access`, `node/disk-full`, and what its links are refused with */
  constructor(path: string, genesis: Genesis) {
    this.#genesis = genesis;
    try {
      this.#db = new DatabaseSync(path, { timeout: BUSY_MS });
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#db.exec(SCHEMA);
    } catch (cause) {
      throw explainFile(cause, "the file of sealed checkpoints cannot be used");
    }
    this.#links = readAll(this.#db, "SELECT data FROM links ORDER BY epoch");
    this.#trusted = this.#setBehind(this.#links);
  }

  /** The newest set of members that the links lead to. */
  get trusted(): MemberSet {
    return this.#trusted;
  }

  get links(): readonly SealedState[] {
    return this.#links;
  }

  /** The newest sealed checkpoint: of all, or of the time when the set had this epoch. */
  sealed(epoch?: number): SealedState | undefined {
    const where = epoch === undefined ? "" : `WHERE epoch = ${Math.trunc(epoch)}`;
    return readAll(this.#db, `SELECT data FROM sealed ${where} ORDER BY epoch DESC LIMIT 1`)[0];
  }

  /** Of each epoch the newest sealed checkpoint. */
  states(): readonly SealedState[] {
    return readAll(this.#db, "SELECT data FROM sealed ORDER BY epoch");
  }

  /** Everything there is, for whoever makes proofs: the newest of each epoch, then the links. */
  notes(): readonly string[] {
    return [...readAll(this.#db, "SELECT data FROM sealed ORDER BY epoch"), ...this.#links].map(({ note }) => note);
  }

  /**
   * Takes a cosigned checkpoint for what it is worth: as a link when the set behind it is newer than the one trusted, as sealed
   * when enough of its own set cosigned. @returns whether it is sealed
   */
  add(state: SealedState): boolean {
    const { chain } = this.#genesis;
    let set: MemberSet;
    try {
      ({ set } = checkSeal(primitives, chain, this.#trusted, state));
    } catch (error) {
      if (knownError(error) === undefined) throw error;
      return false;
    }
    if (set.epoch > this.#trusted.epoch) this.#link(set, state);
    if (set.epoch < this.#trusted.epoch || !isSealed(primitives, chain, set, state.note)) return false;
    const put = this.#db.prepare(`INSERT INTO sealed VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET size = excluded.size, data = excluded.data WHERE excluded.size >= size`);
    put.run(set.epoch, sizeOf(state), encode(sealedToCbor(state)));
    return true;
  }

  /** Takes links from another member: those that continue ours. */
  addLinks(links: readonly SealedState[]): void {
    for (const link of links) this.add(link);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #link(set: MemberSet, state: SealedState): void {
    this.#db.prepare("INSERT OR REPLACE INTO links VALUES (?, ?)").run(set.epoch, encode(sealedToCbor(state)));
    this.#links = [...this.#links, state];
    this.#trusted = set;
  }

  #setBehind(links: readonly SealedState[]): MemberSet {
    const founding = foundingSet(this.#genesis);
    return trustedSets(primitives, this.#genesis.chain, founding, links).at(-1) ?? founding;
  }
}

/** Read beside a running node. @throws AnamnesisError as `SealStore` */
export function readSeals(path: string, genesis: Genesis): Seals {
  if (!existsSync(path)) return { links: [], newest: undefined };
  const store = new SealStore(path, genesis);
  try {
    return { links: store.links, newest: store.sealed() };
  } finally {
    store.close();
  }
}

export const sizeOf = ({ note }: Pick<SealedState, "note">): number => parseCheckpoint(parseNote(note).text).size;

function readAll(db: DatabaseSync, sql: string): SealedState[] {
  return db
    .prepare(sql)
    .all()
    .flatMap(({ data }) => (data instanceof Uint8Array ? [sealedFromCbor(decode(data, "sealed state"))] : []));
}
