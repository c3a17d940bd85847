/** The rows of a ledger, typed. It stores and finds; whether what it finds is true is checked by those who call it. */
import { compare, equal, fromUtf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { ledgerError, type Receipt, stateKeyHash, type TileWrite } from "@anamnesis/ledger";
import { ARCHIVE, archivedBundle, PRUNED, readPruned } from "./pruned.ts";
import { readReceipt, receiptTag } from "./receipts.ts";
import { FORMAT, SCHEMA, tileRow } from "./schema.ts";
import { blob, type Database, damaged, integer, type Row, type Statement, text } from "./sqlite.ts";
import {
  nameOfPlace,
  nameOfUpper,
  nodesOfPage,
  type PageName,
  type PageWrite,
  placeOfPage,
  placeOfValue,
  upperRow,
} from "./state-pages.ts";

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
  /** Pages of the state tree that become others. */
  readonly nodes: Iterable<PageWrite>;
}

const READS = {
  meta: "SELECT value FROM meta WHERE key = ?",
  newest: "SELECT * FROM blocks ORDER BY sequence DESC LIMIT 1",
  block: "SELECT * FROM blocks WHERE sequence = ?",
  tile: "SELECT data FROM tiles WHERE id = ?",
  bundle: "SELECT data FROM bundles WHERE idx = ?",
  receipt: "SELECT * FROM receipts WHERE id = ?",
  state: "SELECT value FROM state WHERE place = ?",
  node: "SELECT data FROM nodes WHERE id = ?",
  notes: "SELECT note FROM blocks WHERE sequence >= ? ORDER BY sequence LIMIT ?",
  blocks: "SELECT * FROM blocks ORDER BY sequence",
  receipts: "SELECT * FROM receipts ORDER BY idx",
  states: "SELECT place, key, value FROM state WHERE key IS NOT NULL",
  nodes: "SELECT id, data FROM nodes",
  lowerNodes: "SELECT place, value FROM state WHERE key IS NULL",
} as const;

const WRITES = {
  meta: "INSERT INTO meta VALUES (?, ?)",
  block: "INSERT INTO blocks VALUES (?, ?, ?, ?, ?)",
  tile: "INSERT INTO tiles VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  bundle: "INSERT INTO bundles VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  receipt: "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?)",
  state: "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  stateGone: "DELETE FROM state WHERE place = ?",
  node: "INSERT INTO nodes VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  nodeGone: "DELETE FROM nodes WHERE id = ?",
} as const;

/** `key` null: a page of the tree. */
interface StateRow {
  readonly place: Uint8Array;
  readonly key: string | null;
  readonly value: Uint8Array | undefined;
}

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
    refuseOtherFormat(db);
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
    if (this.#reads.meta.get("format") === undefined) throw damaged("it does not say its format");
    const row = this.#reads.meta.get("genesis");
    if (row === undefined) throw damaged("the genesis document is missing");
    return blob(row, "value");
  }

  /** Leaves below this index were dropped, a multiple of 256; 0 = none. */
  pruned(): number {
    const row = this.#reads.meta.get(PRUNED);
    return row === undefined ? 0 : readPruned(blob(row, "value"));
  }

  /** A dropped bundle from the archive that was named, if it can be read. */
  archived(index: number): Uint8Array | undefined {
    const row = this.#reads.meta.get(ARCHIVE);
    return row === undefined ? undefined : archivedBundle(fromUtf8(blob(row, "value")), index);
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
    return readBlob(this.#reads.state.get(this.#placeOf(key)), "value");
  }

  /** A page of the state tree. */
  page(name: PageName): Uint8Array | undefined {
    const row = upperRow(name);
    if (row !== undefined) return readBlob(this.#reads.node.get(row), "data");
    return readBlob(this.#reads.state.get(placeOfPage(name)), "value");
  }

  *blocks(): Generator<BlockRow> {
    for (const row of this.#reads.blocks.iterate()) yield blockOfRow(row);
  }

  *receipts(): Generator<Receipt> {
    for (const row of this.#reads.receipts.iterate()) yield readReceipt(this.#p, row);
  }

  *state(): Generator<readonly [string, Uint8Array]> {
    for (const row of this.#reads.states.iterate()) {
      const key = text(row, "key");
      if (!equal(blob(row, "place"), this.#placeOf(key))) throw damaged("a state value lies where another one belongs");
      yield [key, blob(row, "value")];
    }
  }

  *nodes(): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const row of this.#reads.nodes.iterate()) {
      yield* nodesOfPage(nameOfUpper(integer(row, "id")), blob(row, "data"));
    }
    for (const row of this.#reads.lowerNodes.iterate()) {
      yield* nodesOfPage(nameOfPlace(blob(row, "place")), blob(row, "value"));
    }
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
    this.#insertState(w, state, nodes);
    w.block.run(block.sequence, block.time, block.first, block.size, block.note);
  }

  /** In the order in which they lie on disk, so that each of its pages is in hand once. */
  #insertState(w: Prepared<typeof WRITES>, state: BlockWrite["state"], nodes: BlockWrite["nodes"]): void {
    const rows: StateRow[] = [...state].map(([key, value]) => ({ place: this.#placeOf(key), key, value }));
    for (const { name, data } of nodes) {
      const upper = upperRow(name);
      if (upper === undefined) rows.push({ place: placeOfPage(name), key: null, value: data });
      else if (data === undefined) w.nodeGone.run(upper);
      else w.node.run(upper, data);
    }
    for (const { place, key, value } of rows.sort((a, b) => compare(a.place, b.place))) {
      if (value === undefined) w.stateGone.run(place);
      else w.state.run(place, key, value);
    }
  }

  #placeOf(key: string): Uint8Array {
    return placeOfValue(stateKeyHash(this.#p, key));
  }
}

/** Before anything else is asked: the tables of another format have other columns. A ledger that is being made has none yet. */
function refuseOtherFormat(db: Database): void {
  const row = db.prepare(READS.meta).get("format");
  const format = row === undefined ? FORMAT : (blob(row, "value")[0] ?? 0);
  if (format === FORMAT) return;
  const message = `the ledger's store has format ${format}, and this version works with format ${FORMAT}: set the file aside and import the log anew`;
  throw ledgerError("ledger/other-format", message, { format });
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
