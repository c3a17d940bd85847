/** Making, opening and reading the ledger of one folder: the wiring of this package. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  type AttachingEngine,
  type Contract,
  checkGenesis,
  decodeGenesis,
  encodeGenesis,
  type Genesis,
  type LogReader,
  ledgerError,
  logOrigin,
  logVerifier,
  type NoteSigner,
  noteSigner,
  parseVerifierKey,
  type StoredTables,
  sameVerifier,
} from "@anamnesis/ledger";
import { type Anchor, loadAnchor } from "./anchor.ts";
import { EmbeddedEngine } from "./engine.ts";
import { FILES } from "./files.ts";
import { DEFAULT_LIMITS, type EngineLimits } from "./limits.ts";
import { acquireLock } from "./lock.ts";
import { foundingBlock, Producer } from "./producer.ts";
import { StoreReader } from "./reader.ts";
import { RememberedCheckpoint } from "./remembered.ts";
import { refuseRollback, restoredMark } from "./rollback.ts";
import { Database, damaged } from "./sqlite.ts";
import { Store } from "./store.ts";
import { TileCache } from "./tree-view.ts";

export interface CreateOptions {
  /** Folder of the ledger; made when it is missing. */
  readonly dir: string;
  readonly genesis: Genesis;
  readonly primitives: Primitives;
  readonly contract: Contract;
  /** Signs checkpoints with the key that genesis names: a 32-byte seed, or a signer of the log's origin. */
  readonly logSigner: Uint8Array | NoteSigner;
}

export interface OpenOptions extends Omit<CreateOptions, "genesis"> {
  /** When given, the ledger must be this one; otherwise the founding document in the store is used. */
  readonly genesis?: Genesis;
  readonly clock: Clock;
  readonly limits?: Partial<EngineLimits>;
}

/**
 * Writes the first block. @throws AnamnesisError `ledger/locked`, `ledger/disk-full`, `ledger/unknown-key` when the signer
 * is not the log's, and `ledger/exists` rather than overwrite a ledger that is there.
 */
export async function createLedger(options: CreateOptions): Promise<void> {
  const { dir, genesis, primitives, contract } = options;
  checkGenesis(primitives, genesis);
  const signer = signerOf(options, genesis);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = acquireLock(join(dir, FILES.lock));
  try {
    const file = join(dir, FILES.store);
    if (existsSync(file) && holdsLedger(file)) {
      throw ledgerError("ledger/exists", "the folder already holds a ledger: choose another folder");
    }
    const db = Database.writer(file);
    try {
      Store.create(db, primitives, encodeGenesis(genesis), foundingBlock({ primitives, contract, signer }, genesis));
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

/**
 * Opens a ledger for ordering, after checking that it is what its newest checkpoint says.
 * @throws AnamnesisError `ledger/no-ledger`, `ledger/locked`, `ledger/damaged-store`, `ledger/damaged-tile`,
 *   `ledger/rolled-back`, `ledger/unknown-key`
 */
export async function openEmbedded(options: OpenOptions): Promise<AttachingEngine> {
  const { dir, primitives } = options;
  requireLedger(dir);
  const lock = acquireLock(join(dir, FILES.lock));
  let db: Database | undefined;
  try {
    db = Database.writer(join(dir, FILES.store));
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    if (limits.storePages !== undefined) db.exec(`PRAGMA max_page_count = ${Math.trunc(limits.storePages)}`);
    const store = new Store(db, primitives);
    const genesis = readGenesis(primitives, store, options.genesis);
    const signer = signerOf(options, genesis);
    const anchor = loadAnchor(primitives, store, genesis, new TileCache());
    refuseRollback(primitives, genesis, anchor, RememberedCheckpoint.read(join(dir, FILES.remembered)));
    const producer = new Producer({ ...options, signer }, store, genesis, anchor);
    const reader = new StoreReader(primitives, store, genesis, () => producer.anchor);
    const remembered = new RememberedCheckpoint(join(dir, FILES.remembered));
    remembered.remember(anchor.checkpoint.note);
    const wiring = { options: { ...options, signer }, limits, store, reader, producer, remembered, lock };
    return new EmbeddedEngine(wiring);
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}

/** What a second process gets: reading only, while the first one writes or when none does. */
export interface LedgerReader extends LogReader {
  /** What the store keeps beside the log, for `verifyLog`. */
  readonly tables: StoredTables;
  /** The newest checkpoint remembered outside the store, if any: a signed note. */
  readonly remembered: string | undefined;
  /** Root of the first `size` leaves. @throws RangeError when there are fewer */
  rootAt(size: number): Uint8Array;
  /** Signed checkpoints of up to `count` blocks from `sequence` on. */
  notes(sequence: number, count: number): readonly string[];
  /** A newest value as it lies there, not proved: for guesses that nothing rests on. */
  peek(key: string): Uint8Array | undefined;
  /** Leaves below this index were dropped, a multiple of 256; 0 = none. Their proofs can still be made. */
  pruned(): number;
  /** Copies the store into a new file, as of `hold`. @param onPages its throwing ends the copy */
  copyTo(file: string, onPages: (done: number, total: number) => void): Promise<void>;
  /** Until the returned function is called, everything is read as of now. Not for long: it keeps the WAL from shrinking. */
  hold(): () => void;
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly dir: string;
  readonly primitives: Primitives;
  /** When given, the ledger must be this one: `ledger/wrong-chain` otherwise. */
  readonly genesis?: Genesis;
}

/** @throws AnamnesisError `ledger/no-ledger`, `ledger/damaged-store`, `ledger/damaged-tile`, `ledger/rolled-back`,
 *   `ledger/wrong-chain` */
export function openReader(options: ReadOptions): Promise<LedgerReader> {
  return openFolder(options, refuseRollback);
}

/** A reader of a ledger that may be older than it was once: for `log verify`, which reports that itself. */
export function openUntrusted(options: ReadOptions): Promise<LedgerReader> {
  return openFolder(options, () => undefined);
}

async function openFolder(options: ReadOptions, check: typeof refuseRollback): Promise<LedgerReader> {
  const { dir, primitives } = options;
  requireLedger(dir);
  // Read before the store, so that a writer at work cannot make it look newer.
  const remembered = RememberedCheckpoint.read(join(dir, FILES.remembered));
  const db = Database.reader(join(dir, FILES.store));
  try {
    const store = new Store(db, primitives);
    const genesis = readGenesis(primitives, store, options.genesis);
    const reader = new FolderReader(primitives, db, store, genesis, remembered);
    check(primitives, genesis, reader.anchor(), remembered, restoredMark(dir));
    return reader;
  } catch (error) {
    db.close();
    throw error;
  }
}

class FolderReader extends StoreReader implements LedgerReader {
  readonly #db: Database;
  readonly #store: Store;
  readonly remembered: string | undefined;
  readonly anchor: () => Anchor;

  constructor(p: Primitives, db: Database, store: Store, genesis: Genesis, remembered: string | undefined) {
    const cache = new TileCache();
    let anchor: Anchor | undefined;
    const newest = (): Anchor => {
      if (anchor === undefined || store.newest()?.note !== anchor.block.note) {
        anchor = loadAnchor(p, store, genesis, cache);
      }
      return anchor;
    };
    const current = () => store.snapshot(newest);
    super(p, store, genesis, current);
    this.#db = db;
    this.#store = store;
    this.remembered = remembered;
    this.anchor = current;
  }

  get tables(): StoredTables {
    return this.#store;
  }

  notes(sequence: number, count: number): readonly string[] {
    return this.#store.notes(sequence, count);
  }

  pruned(): number {
    const pruned = this.#store.pruned();
    if (pruned < this.anchor().block.size) return pruned;
    throw damaged("more was dropped than there is");
  }

  copyTo(file: string, onPages: (done: number, total: number) => void): Promise<void> {
    return this.#db.copyTo(file, onPages);
  }

  peek(key: string): Uint8Array | undefined {
    return this.#store.stateValue(key);
  }

  hold(): () => void {
    return this.#store.hold();
  }

  async close(): Promise<void> {
    this.#store.close();
  }
}

export function requireLedger(dir: string): void {
  if (existsSync(join(dir, FILES.store))) return;
  throw ledgerError("ledger/no-ledger", "the folder holds no ledger: run `anamnesis init` first");
}

export function holdsLedger(file: string): boolean {
  const db = Database.reader(file);
  try {
    return db.prepare("SELECT 1 AS one FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
  } finally {
    db.close();
  }
}

export function readGenesis(p: Primitives, store: Store, expected: Genesis | undefined): Genesis {
  const document = store.genesis();
  let genesis: Genesis;
  try {
    genesis = decodeGenesis(document);
    checkGenesis(p, genesis);
  } catch (cause) {
    throw damaged("the genesis document cannot be read", {}, cause);
  }
  if (expected !== undefined && !equal(encodeGenesis(expected), document)) {
    throw ledgerError("ledger/wrong-chain", "the folder holds the ledger of another genesis: check the configuration");
  }
  return genesis;
}

function signerOf({ primitives, logSigner }: Pick<CreateOptions, "primitives" | "logSigner">, genesis: Genesis) {
  const origin = logOrigin(genesis.chain);
  const signer = logSigner instanceof Uint8Array ? noteSigner(primitives, origin, logSigner) : logSigner;
  const verifier = parseVerifierKey(primitives, signer.verifierKey);
  if (!sameVerifier(verifier, logVerifier(primitives, genesis))) {
    throw ledgerError("ledger/unknown-key", "the signer is not the log key that genesis names: check the key folder");
  }
  return signer;
}
