/**
 * A database and a ledger in memory for the tests of verify: transactions with ids, snapshots, events in a log with a real
 * Merkle tree and signed checkpoints. What is done with `behind` never reaches the log.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BATCH_KIND, encodeBatchBody, START } from "@anamnesis/contracts";
import { chainId, sourceId } from "@anamnesis/core";
import { handles, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  commandLeaf,
  type Event,
  type EventKind,
  encodeEvent,
  Frontier,
  formatCheckpoint,
  formatNote,
  type Genesis,
  type LogReader,
  leafHash,
  leafHashes,
  logOrigin,
  noteSigner,
  signTransaction,
  treeHash,
} from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { openRowIndex, type RowIndex } from "../src/index/sqlite-index.ts";
import { openKeyStore } from "../src/keystore.ts";
import type { Visibility } from "../src/row-index.ts";
import type { TableSchema } from "../src/source.ts";
import { SubjectSealers } from "../src/subject-sealers.ts";
import { RowIdentity } from "../src/verify/row-identity.ts";
import type { Rows, VerifySource } from "../src/verify/source.ts";
import type { VerifyOptions } from "../src/verify/verify.ts";

const bytes = (row: string) => Buffer.from(row);
/** Behind each other, with something between them. */
function lotOf(rows: readonly Uint8Array[]): Rows {
  let at = 0;
  const places = rows.flatMap((row) => [at + 3, (at += 3 + row.length)]);
  const all = new Uint8Array(at);
  for (const [i, row] of rows.entries()) all.set(row, places[2 * i]);
  return { bytes: all, places: Int32Array.from(places), count: rows.length };
}

export class World {
  readonly dir = mkdtempSync(join(tmpdir(), "anamnesis-verify-test-"));
  readonly handles = handles(native, new Uint8Array(32).fill(4));
  readonly keys = openKeyStore({ path: join(this.dir, "keys.db"), primitives: native });
  readonly sealers = new SubjectSealers(native, this.keys);
  readonly indexPath = join(this.dir, "rows.db");
  index: RowIndex = openRowIndex(this.indexPath, { source: "ehr" });
  readonly rows = new Map<string, string[]>();
  tables: TableSchema[] = [];
  readonly unpublished = new Set<string>();
  readonly unlogged = new Set<string>();
  /** Transactions that a snapshot taken now does not see. */
  running = new Set<number>();
  xid = 100;
  /** Where the newest batch of ours ended. */
  position = START;
  readonly leaves: Uint8Array[] = [];
  readonly log: LogReader;
  readonly member = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(7));
  readonly #logKey = randomBytes(32);

  constructor() {
    const logKey = native.ed25519PublicKey(this.#logKey);
    const genesis = founded(native, { chain: "test", organisations: [{ id: "nord", signer: this.member }], logKey });
    this.log = this.#reader(genesis);
    this.leaves.push(Uint8Array.of(0x82, 3, 0x40));
  }

  table(
    name: string,
    columns: readonly string[],
    keyColumns: readonly number[],
    subjectColumns: readonly number[] = [],
  ) {
    const schema: TableSchema = {
      name,
      handle: this.handles.table(name),
      schemaId: native.sha256(bytes(columns.join())).slice(0, 8),
      columns: columns.map((c) => ({ name: c, type: "pg_catalog.text", modifier: -1, large: false })),
      keyColumns,
      subjectColumns,
      identity: "full",
      estimate: 0,
    };
    this.tables = [...this.tables.filter((t) => t.name !== name), schema];
    if (!this.rows.has(name)) this.rows.set(name, []);
    return schema;
  }

  /** A captured write: changes the database and appends its event. `row` and `was` in COPY form. */
  write(kind: EventKind, table: TableSchema, row: string, was?: string, more: Partial<Event> = {}): void {
    this.behind(kind, table, row, was);
    this.record([this.event(kind, table, row, more)]);
  }

  /** The database alone. */
  behind(kind: EventKind, table: TableSchema, row: string, was = row): void {
    const rows = this.rows.get(table.name) ?? [];
    const at = rows.indexOf(was);
    if (kind === "truncate") rows.length = 0;
    else if (kind === "delete") rows.splice(at, 1);
    else if (kind === "update") rows.splice(at, 1, row);
    else if (kind !== "read") rows.push(row);
  }

  event(kind: EventKind, table: TableSchema, row: string, more: Partial<Event> = {}): Event {
    const identity = new RowIdentity(table, this.handles, this.sealers);
    const fields = identity.fields(bytes(row));
    const sealer = this.sealers.of(
      table,
      table.subjectColumns.map((i) => Buffer.from(fields[i] ?? []).toString()),
    );
    if (sealer === "erased") throw new Error("erased");
    const keyed = table.keyColumns.length > 0;
    const handle = keyed ? identity.keyHandle(fields) : sealer.keylessRow(table.handle, bytes(row));
    const lsn = BigInt(this.leaves.length * 16);
    const gone = kind === "delete" || kind === "truncate";
    return {
      kind,
      source: "ehr",
      table: table.handle,
      row: kind === "truncate" ? null : handle,
      schema: gone ? null : table.schemaId,
      commitment: gone ? null : sealer.commitment(table.handle, handle, table.schemaId, lsn, 1, bytes(row)),
      lsn,
      ordinal: 1,
      xid: kind === "baseline" ? 0n : BigInt(this.xid++),
      time: 1_700_000_000_000_000 + this.leaves.length,
      actor: null,
      purpose: null,
      ...more,
    };
  }

  /** One batch in the log and, unless told otherwise, in the index. */
  record(events: readonly Event[], { signer = this.member, indexed = true } = {}): void {
    const leaves = events.map(encodeEvent);
    const from = this.position;
    const to = { lsn: from.lsn + 1n, ordinal: 1 };
    if (signer === this.member) this.position = to;
    const root = treeHash(native, leafHashes(native, leaves));
    const incarnation = new Uint8Array(8);
    const body = encodeBatchBody({ source: sourceId("ehr"), incarnation, from, to, count: leaves.length, root });
    const transaction = { chain: chainId("test"), kind: BATCH_KIND, nonce: this.leaves.length, expires: 1, body };
    const { bytes, signatures } = signTransaction(native, transaction, [signer], leaves);
    this.leaves.push(commandLeaf(bytes, signatures));
    const placed = leaves.map((leaf, i) => ({ index: this.leaves.length + i, leaf }));
    this.leaves.push(...placed.map((p) => p.leaf));
    if (indexed) this.index.apply(placed);
  }

  learn(table: TableSchema, row: string, key: string): void {
    const identity = new RowIdentity(table, this.handles, this.sealers);
    const handle = identity.handleOfText(key);
    if (handle === undefined) throw new Error(`no handle for ${row}`);
    this.index.learn([{ table: table.handle, row: handle, key }]);
  }

  options(more: Partial<VerifyOptions> = {}): VerifyOptions {
    return {
      source: this.source(),
      log: this.log,
      index: this.index,
      mode: "cache",
      sourceName: "ehr",
      organisation: "nord",
      primitives: native,
      handles: this.handles,
      sealers: this.sealers,
      waitForBarrier: async () => undefined,
      temporaryDir: this.dir,
      ...more,
    };
  }

  source(): VerifySource {
    const world = this;
    return {
      tables: async () => world.tables,
      coverage: async () => ({
        tables: [...world.tables],
        published: new Set(world.tables.map((t) => t.name).filter((name) => !world.unpublished.has(name))),
        unlogged: world.unlogged,
      }),
      async open(table) {
        const now = world.tables.find((t) => t.name === table.name);
        if (now === undefined) return undefined;
        const rows = [...(world.rows.get(table.name) ?? [])];
        const xmin = Math.min(world.xid, ...world.running);
        const visibility: Visibility = { xmin, xmax: world.xid, running: new Set(world.running) };
        return {
          table: now,
          visibility,
          async rows(onRows, key) {
            const wanted = rows.filter(
              (r) => key === undefined || now.keyColumns.every((c, i) => r.split("\t")[c] === key[i]),
            );
            const all = wanted.map(bytes);
            for (let i = 0; i < all.length; i += 7) onRows(lotOf(all.slice(i, i + 7)));
            return wanted.length;
          },
          close: async () => undefined,
        };
      },
      barrier: async () => 0x1_0000_0010n,
      close: async () => undefined,
    };
  }

  close(): void {
    this.index.close();
    this.keys.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  readonly otherMember = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(9));

  #reader(genesis: Genesis): LogReader {
    const unused = () => Promise.reject(new Error("not part of this double"));
    const origin = logOrigin(genesis.chain);
    const signer = noteSigner(native, origin, this.#logKey);
    const { leaves } = this;
    return {
      genesis,
      async checkpoint() {
        const frontier = new Frontier(native);
        for (const leaf of leaves) frontier.append(leafHash(native, leaf));
        const root = frontier.root();
        const text = formatCheckpoint({ origin, size: leaves.length, root });
        return { origin, size: leaves.length, root, note: formatNote(text, [signer.sign(text)]) };
      },
      async *leaves(from, to) {
        for (let index = from; index < to; index++) yield { index, leaf: leaves[index] ?? new Uint8Array(0) };
      },
      inclusion: unused,
      consistency: unused,
      tile: unused,
      read: unused,
    };
  }
}
