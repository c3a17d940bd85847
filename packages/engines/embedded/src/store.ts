/** The rows of a ledger, typed. It stores and finds; whether what it finds is true is checked by those who call it. */
import type { Primitives } from "@anamnesis/crypto";
import type { Receipt, TileWrite } from "@anamnesis/ledger";
import { PRUNED, readPruned } from "./pruned.ts";
import { readReceipt, receiptTag } from "./receipts.ts";
import { FORMAT, SCHEMA, tileRow } from "./schema.ts";
import { blob, type Database, damaged, integer, type Row, type Statement, text } from "./sqlite.ts";

export interface BlockRow {
  readonly sequence: number;
  /** Agreed time, ms. */
  readonly time: number;
  /** Log index of its first leaf, and size of the log after it. */
  readonly first: number;
  readonly size: number;
  /** Signed checkpoint after it. */
  readonly note: string;
}

export interface BundleWrite {
  readonly index: number;
  readonly data: Uint8Array;
}

/** Everything that one block changes. */
export interface BlockWrite {
  readonly block: BlockRow;
  readonly bundles: readonly BundleWrite[];
  readonly tiles: readonly TileWrite[];
  readonly receipts: readonly Receipt[];
  readonly state: ReadonlyMap<string, Uint8Array | undefined>;
  /** Nodes of the state tree by path; `undefined` = gone. */
  readonly nodes: Iterable<readonly [Uint8Array, Uint8Array | undefined]>;
}

const READS = {
  meta: "SELECT value FROM meta WHERE key = ?",
  newest: "SELECT * FROM blocks ORDER BY sequence DESC LIMIT 1",
  block: "SELECT * FROM blocks WHERE sequence = ?",
  tile: "SELECT data FROM tiles WHERE id = ?",
  bundle: "SELECT data FROM bundles WHERE idx = ?",
  receipt: "SELECT * FROM receipts WHERE id = ?",
  state: "SELECT value FROM state WHERE key = ?",
  node: "SELECT data FROM nodes WHERE path = ?",
  notes: "SELECT note FROM blocks WHERE sequence >= ? ORDER BY sequence LIMIT ?",
  blocks: "SELECT * FROM blocks ORDER BY sequence",
  receipts: "SELECT * FROM receipts ORDER BY idx",
  states: "SELECT key, value FROM state ORDER BY key",
  nodes: "SELECT path, data FROM nodes ORDER BY path",
} as const;

const WRITES = {
  meta: "INSERT INTO meta VALUES (?, ?)",
  block: "INSERT INTO blocks VALUES (?, ?, ?, ?, ?)",
  tile: "INSERT INTO tiles VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  bundle: "INSERT INTO bundles VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  receipt: "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?)",
  state: "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  stateGone: "DELETE FROM state WHERE key = ?",
  node: "INSERT INTO nodes VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  nodeGone: "DELETE FROM nodes WHERE path = ?",
} as const;

type Prepared<T> = { readonly [K in keyof T]: Statement };

function prepareAll<T extends Readonly<Record<string, string>>>(db: Database, sql: T): Prepared<T> {
  return Object.fromEntries(Object.entries(sql).map(([name, each]) => [name, db.prepare(each)])) as Prepared<T>;
}

export class Store {
  readonly #db: Database;
  readonly #p: Primitives;
  readonly #reads: Prepared<typeof READS>;
  #writes: Prepared<typeof WRITES> | undefined;

  constructor(db: Database, p: Primitives) {
    this.#db = db;
    this.#p = p;
    this.#reads = prepareAll(db, READS);
  }

  /** Makes the tables and the first block in one transaction. */
  static create(db: Database, p: Primitives, genesis: Uint8Array, first: BlockWrite): void {
    db.transaction(() => {
      db.exec(SCHEMA);
      const store = new Store(db, p);
      const meta = db.prepare(WRITES.meta);
      meta.run("format", Uint8Array.of(FORMAT));
      meta.run("genesis", genesis);
      store.#insert(first);
    });
  }

  /** The founding document. @throws AnamnesisError `ledger/damaged-store` when it is missing or of another format. */
  genesis(): Uint8Array {
    const format = this.#reads.meta.get("format");
    if (format === undefined || blob(format, "value")[0] !== FORMAT) throw damaged("not a ledger of this format");
    const row = this.#reads.meta.get("genesis");
    if (row === undefined) throw damaged("the genesis document is missing");
    return blob(row, "value");
  }

  /** Leaves below this index were dropped, a multiple of 256; 0 = none. */
  pruned(): number {
    const row = this.#reads.meta.get(PRUNED);
    return row === undefined ? 0 : readPruned(blob(row, "value"));
  }

  newest(): BlockRow | undefined {
    return readBlock(this.#reads.newest.get());
  }

  block(sequence: number): BlockRow | undefined {
    return readBlock(this.#reads.block.get(sequence));
  }

  /** Signed checkpoints of up to `count` blocks from `sequence` on. */
  notes(sequence: number, count: number): string[] {
    return [...this.#reads.notes.iterate(sequence, count)].map((row) => text(row, "note"));
  }

  readonly tile = (level: number, index: number): Uint8Array | undefined => {
    return readBlob(this.#reads.tile.get(tileRow(level, index)), "data");
  };

  bundle(index: number): Uint8Array | undefined {
    return readBlob(this.#reads.bundle.get(index), "data");
  }

  /** @throws AnamnesisError `ledger/damaged-store` when the row does not fit its own tag. */
  receipt(id: Uint8Array): Receipt | undefined {
    const row = this.#reads.receipt.get(id);
    return row === undefined ? undefined : readReceipt(this.#p, row);
  }

  stateValue(key: string): Uint8Array | undefined {
    return readBlob(this.#reads.state.get(key), "value");
  }

  node(path: Uint8Array): Uint8Array | undefined {
    return readBlob(this.#reads.node.get(path), "data");
  }

  *blocks(): Generator<BlockRow> {
    for (const row of this.#reads.blocks.iterate()) yield blockOfRow(row);
  }

  *receipts(): Generator<Receipt> {
    for (const row of this.#reads.receipts.iterate()) yield readReceipt(this.#p, row);
  }

  *state(): Generator<readonly [string, Uint8Array]> {
    for (const row of this.#reads.states.iterate()) yield [text(row, "key"), blob(row, "value")];
  }

  *nodes(): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const row of this.#reads.nodes.iterate()) yield [blob(row, "path"), blob(row, "data")];
  }

  /** What SQLite itself finds wrong with its file: at most ten lines, none when it is sound. */
  *integrity(): Generator<string> {
    for (const row of this.#db.prepare("PRAGMA integrity_check(10)").iterate()) {
      const line = text(row, "integrity_check");
      if (line !== "ok") yield line;
    }
  }

  /** One transaction: when it returns, the block is durable; when it throws, the store is as before. */
  append(write: BlockWrite): void {
    this.#db.transaction(() => this.#insert(write));
  }

  /** Several blocks as one transaction: `work` puts each of them with `put`, and reads what it has put already. */
  transaction(work: () => void): void {
    this.#db.transaction(work);
  }

  /** Only inside `transaction`. */
  put(write: BlockWrite): void {
    this.#insert(write);
  }

  snapshot<T>(work: () => T): T {
    return this.#db.snapshot(work);
  }

  hold(): () => void {
    return this.#db.hold();
  }

  close(): void {
    this.#db.close();
  }

  #insert({ block, bundles, tiles, receipts, state, nodes }: BlockWrite): void {
    this.#writes ??= prepareAll(this.#db, WRITES);
    const w = this.#writes;
    for (const { index, data } of bundles) w.bundle.run(index, data);
    for (const { level, index, data } of tiles) w.tile.run(tileRow(level, index), data);
    for (const r of receipts) {
      w.receipt.run(r.id, r.index, r.count, r.sequence, r.time, receiptTag(this.#p, r));
    }
    for (const [key, value] of state) {
      if (value === undefined) w.stateGone.run(key);
      else w.state.run(key, value);
    }
    for (const [path, data] of nodes) {
      if (data === undefined) w.nodeGone.run(path);
      else w.node.run(path, data);
    }
    w.block.run(block.sequence, block.time, block.first, block.size, block.note);
  }
}

const readBlock = (row: Row | undefined): BlockRow | undefined => (row === undefined ? undefined : blockOfRow(row));

function blockOfRow(row: Row): BlockRow {
  return {
    sequence: integer(row, "sequence"),
    time: integer(row, "time"),
    first: integer(row, "first"),
    size: integer(row, "size"),
    note: text(row, "note"),
  };
}

const readBlob = (row: Row | undefined, column: string): Uint8Array | undefined =>
  row === undefined ? undefined : blob(row, column);
