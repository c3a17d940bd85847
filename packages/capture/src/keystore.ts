/**
 * Subject keys: 32 random bytes per patient, apart from everything else, so that destroying one makes every commitment
 * under it undecidable. One SQLite file with `secure_delete` (freed pages are overwritten) and mode 0600; keep it out
 * of ordinary backups, or an erasure comes undone with the next restore.
 *
 * Patients are looked up by a keyed hash of their id: the file names nobody.
 */
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Bytes, concat, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { captureError } from "./errors.ts";
import { inTransaction, onDisk } from "./local-store.ts";

const KEY_BYTES = 32;
const HASH_BYTES = 32;
const HANDLE_BYTES = 16;
const CACHE_MAX = 16_384;
const VERSION = 1;

export type SubjectKey = Uint8Array | "erased";

export interface KeyStore {
  /**
   * The key of a subject; made when there is none yet. A new key is durable only after `flush`: what is sealed with it
   * must not leave this process earlier, or a crash would make it undecidable.
   */
  keyOf(subject: string): SubjectKey;
  /** The key of a subject if there is one; never makes one. */
  find(subject: string): SubjectKey | undefined;
  /** The same without remembering it: for whoever meets many patients once. */
  peek(subject: string): SubjectKey | undefined;
  /**
   * Look-ups until the end of this turn of the event loop see one state of the file, which spares each of them most of its time. For
   * a store that is only read; not longer, because an erasure waits for it.
   */
  together(): void;
  /** Makes new keys durable (fsync). Cheap when there are none. */
  flush(): void;
  /** Destroys a key for good. Returns false when the subject had none; it is marked as erased all the same. */
  destroy(subject: string): boolean;
  /** How a subject stands on the ledger when it is erased: 16 bytes that say nothing without this store's own key. */
  handleOf(subject: string): Uint8Array;
  /**
   * Destroys the key of the subject with this handle, also one that a backup brought back. Returns whether there was one. A
   * subject that this store does not know yet is erased from the beginning.
   */
  destroyHandle(handle: Uint8Array): boolean;
  /** How many keys were destroyed through this object: whoever keeps something that was prepared with keys drops it then. */
  readonly destroyed: number;
  close(): void;
}

export interface KeyStoreOptions {
  readonly path: string;
  readonly primitives: Primitives;
  /** For verification: no key is made, nothing is written. */
  readonly readOnly?: boolean;
}

/** @throws AnamnesisError `capture/damaged-store` or `capture/store-version`. */
export function openKeyStore(options: KeyStoreOptions): KeyStore {
  return new SqliteKeyStore(options);
}

class SqliteKeyStore implements KeyStore {
  readonly #primitives: Primitives;
  readonly #db: DatabaseSync;
  readonly #hash: (message: Bytes) => Uint8Array;
  readonly #select: StatementSync;
  readonly #insert: StatementSync | undefined;
  #together = false;
  readonly #cache = new Map<string, SubjectKey>();
  #destroyed = 0;
  #fresh = new Map<string, { readonly hash: Uint8Array; readonly key: Uint8Array }>();

  constructor({ path, primitives, readOnly = false }: KeyStoreOptions) {
    this.#primitives = primitives;
    if (!readOnly) createPrivately(path);
    try {
      this.#db = new DatabaseSync(path, { readOnly, timeout: 10_000 });
      if (!readOnly) prepare(this.#db, primitives);
      this.#hash = primitives.hmacSha256(readMeta(this.#db));
      this.#select = this.#db.prepare("SELECT key FROM subject WHERE hash = ?");
      this.#select.setReturnArrays(true);
      this.#insert = readOnly
        ? undefined
        : this.#db.prepare("INSERT INTO subject (hash, key) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING");
    } catch (cause) {
      throw storeProblem(cause);
    }
  }

  keyOf(subject: string): SubjectKey {
    const known = this.find(subject);
    if (known !== undefined) return known;
    const key = this.#primitives.random(KEY_BYTES);
    this.#fresh.set(subject, { hash: this.#hashOf(subject), key });
    this.#remember(subject, key);
    return key;
  }

  find(subject: string): SubjectKey | undefined {
    const cached = this.#cache.get(subject);
    if (cached !== undefined) return cached;
    const found = this.peek(subject);
    if (found !== undefined) this.#remember(subject, found);
    return found;
  }

  peek(subject: string): SubjectKey | undefined {
    const known = this.#cache.get(subject) ?? this.#fresh.get(subject)?.key;
    if (known !== undefined) return known;
    const hash = this.#hashOf(subject);
    const row = this.#keyAt(hash) ?? this.#keyAt(hash.subarray(0, HANDLE_BYTES));
    if (row === undefined) return undefined;
    const [key] = row;
    return key instanceof Uint8Array ? key : "erased";
  }

  together(): void {
    if (this.#together || this.#insert !== undefined) return;
    this.#together = true;
    this.#db.exec("BEGIN");
    queueMicrotask(() => {
      this.#together = false;
      if (this.#db.isOpen) this.#db.exec("COMMIT");
    });
  }

  flush(): void {
    const insert = this.#insert;
    if (this.#fresh.size === 0 || insert === undefined) return;
    inTransaction(this.#db, () => {
      for (const { hash, key } of this.#fresh.values()) insert.run(hash, key);
    });
    this.#fresh = new Map();
  }

  destroy(subject: string): boolean {
    this.flush();
    const before = this.find(subject);
    this.#erase(this.#hashOf(subject));
    if (before instanceof Uint8Array) before.fill(0);
    this.#cache.set(subject, "erased");
    return before instanceof Uint8Array;
  }

  handleOf(subject: string): Uint8Array {
    return this.#hashOf(subject).slice(0, HANDLE_BYTES);
  }

  destroyHandle(handle: Uint8Array): boolean {
    this.flush();
    const last = new Uint8Array(HASH_BYTES).fill(0xff);
    last.set(handle);
    const known = this.#db.prepare("SELECT hash, key FROM subject WHERE hash BETWEEN ? AND ?").all(handle, last);
    const alive = known.filter((row) => row["key"] !== null);
    for (const { hash } of alive) this.#erase(hash as Uint8Array);
    if (known.length === 0) this.#erase(handle);
    // Whose it was is not known here: what was looked up before is looked up again.
    this.#cache.clear();
    return alive.length > 0;
  }

  get destroyed(): number {
    return this.#destroyed;
  }

  close(): void {
    if (!this.#db.isOpen) return;
    this.flush();
    this.#db.close();
    this.#cache.clear();
  }

  #erase(hash: Uint8Array): void {
    const erase = "INSERT INTO subject (hash, key) VALUES (?, NULL) ON CONFLICT (hash) DO UPDATE SET key = NULL";
    onDisk(() => this.#db.prepare(erase).run(hash));
    // The journal may still hold the page with the key.
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#destroyed++;
  }

  #keyAt(hash: Uint8Array): readonly unknown[] | undefined {
    return this.#select.get(hash) as unknown as readonly unknown[] | undefined;
  }

  #hashOf(subject: string): Uint8Array {
    return this.#hash(concat(SUBJECT_ID, utf8(subject)));
  }

  /** The oldest entry goes first: a bounded cache, not an exact LRU; misses cost one look-up. */
  #remember(subject: string, key: SubjectKey): void {
    if (this.#cache.size >= CACHE_MAX) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        if (this.#cache.size < (CACHE_MAX * 3) / 4) break;
      }
    }
    this.#cache.set(subject, key);
  }
}

const SUBJECT_ID = utf8("subject-id\0");

/** The file exists with mode 0600 before SQLite writes the first byte into it. */
function createPrivately(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

function prepare(db: DatabaseSync, primitives: Primitives): void {
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > VERSION) throw captureError("capture/store-version", "the key store was written by a newer version");
  if (version === VERSION) return;
  inTransaction(db, () => {
    db.exec("CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), hash_key BLOB NOT NULL) STRICT");
    db.exec("CREATE TABLE IF NOT EXISTS subject (hash BLOB PRIMARY KEY, key BLOB) STRICT, WITHOUT ROWID");
    db.prepare("INSERT INTO meta (id, hash_key) VALUES (1, ?) ON CONFLICT (id) DO NOTHING").run(
      primitives.random(KEY_BYTES),
    );
    db.exec(`PRAGMA user_version = ${VERSION}`);
  });
}

function readMeta(db: DatabaseSync): Uint8Array {
  const key = db.prepare("SELECT hash_key FROM meta WHERE id = 1").get()?.["hash_key"];
  if (key instanceof Uint8Array && key.length === KEY_BYTES) return key;
  throw captureError("capture/damaged-store", "the key store has lost its own key: restore it from its backup");
}

function storeProblem(cause: unknown) {
  if (cause instanceof Error && cause.name === "AnamnesisError") return cause;
  return captureError(
    "capture/damaged-store",
    "the key store cannot be opened: restore it from its backup",
    {},
    { cause },
  );
}
