/**
 * Readable keys of rows, forty to a line of the file (a JSON list by id): rows are named in the order of their ids, so
 * one statement writes forty names.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RowId } from "../row-index.ts";
import { damaged } from "./database.ts";

export const PER_PAGE = 40;

type Keys = (string | null)[];

export class RowNames {
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  #dirty = false;
  #number = -1;
  #keys: Keys = [];

  constructor(db: DatabaseSync) {
    this.#read = db.prepare("SELECT keys FROM names WHERE page = ?");
    this.#write = db.prepare("INSERT OR REPLACE INTO names VALUES (?, ?)");
  }

  get(id: RowId): string | undefined {
    const page = Math.floor(id / PER_PAGE);
    const keys = this.#dirty && page === this.#number ? this.#keys : this.#load(page);
    return keys[id % PER_PAGE] ?? undefined;
  }

  /** Keeps the first name that a row is given. The caller holds the transaction and calls `flush` at its end. */
  add(id: RowId, key: string): void {
    const keys = this.#turnTo(Math.floor(id / PER_PAGE));
    const place = id % PER_PAGE;
    if (typeof keys[place] === "string") return;
    while (keys.length < place) keys.push(null);
    keys[place] = key;
    this.#dirty = true;
  }

  /** Forgets the names of a page that are meant. The caller holds the transaction and calls `flush` at its end. */
  forgetSome(page: number, isMeant: (id: RowId, key: string) => boolean): number {
    const keys = this.#turnTo(page);
    let forgotten = 0;
    for (const [place, key] of keys.entries()) {
      if (key === null || !isMeant(page * PER_PAGE + place, key)) continue;
      keys[place] = null;
      forgotten++;
    }
    if (forgotten > 0) this.#dirty = true;
    return forgotten;
  }

  flush(): void {
    if (this.#dirty) this.#write.run(this.#number, JSON.stringify(this.#keys));
    this.#dirty = false;
  }

  /** Drops what is buffered. */
  forget(): void {
    this.#number = -1;
    this.#keys = [];
    this.#dirty = false;
  }

  #turnTo(page: number): Keys {
    if (page === this.#number) return this.#keys;
    this.flush();
    this.#keys = this.#load(page);
    this.#number = page;
    return this.#keys;
  }

  #load(page: number): Keys {
    const found = this.#read.get(page)?.["keys"];
    return found === undefined ? [] : parse(found);
  }
}

function parse(text: unknown): Keys {
  try {
    const keys: unknown = JSON.parse(String(text));
    if (isKeys(keys)) return keys;
  } catch {
    // The error below says it.
  }
  throw damaged("the names of some rows cannot be read");
}

const isKeys = (keys: unknown): keys is Keys =>
  Array.isArray(keys) && keys.every((key) => key === null || typeof key === "string");
