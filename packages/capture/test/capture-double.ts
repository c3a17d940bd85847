/** A source and a ledger in memory for the tests of capture: what is committed here is delivered by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBatchBody, type SourceState } from "@anamnesis/contracts";
import { chainId, encode, orgId, sourceId } from "@anamnesis/core";
import { handles, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { blockLeaf, decodeEvent, type Engine, type Event, type SignedTransaction } from "@anamnesis/ledger";
import type { CaptureOptions } from "../src/capture.ts";
import { openRowIndex } from "../src/index/sqlite-index.ts";
import { openKeyStore } from "../src/keystore.ts";
import { runCapture } from "../src/pipeline.ts";
import { openProgress } from "../src/progress.ts";
import type { Change, Source, Stream, StreamHandler, TableSchema } from "../src/source.ts";

const named = handles(native, new Uint8Array(32).fill(4));

export const table: TableSchema = {
  ...{ name: "public.notes", handle: named.table("public.notes"), schemaId: new Uint8Array(8).fill(7) },
  columns: ["id", "text"].map((name) => ({ name, type: "pg_catalog.text", modifier: -1, large: false })),
  ...{ keyColumns: [0], subjectColumns: [], identity: "full", estimate: 0 },
};

/** An engine that takes what continues, and gives `busy` while it is held. */
class DoubleEngine {
  readonly events: Event[] = [];
  state: SourceState | undefined;
  size = 1;
  hold = false;

  async submit(tx: SignedTransaction) {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.hold) await new Promise((resolve) => setTimeout(resolve, 5));
    const { incarnation, from, to, count } = parseBatchBody(tx.transaction.body);
    const known = this.state?.position ?? { lsn: 0n, ordinal: 0 };
    if (from.lsn !== known.lsn || from.ordinal !== known.ordinal) throw new Error("the batch does not continue");
    this.events.push(...tx.attachments.map((leaf) => decodeEvent(leaf)));
    this.state = { incarnation, position: to, batches: 1, events: this.events.length };
    const index = this.size;
    this.size += 1 + count;
    return { id: tx.id, index, count: count + 1, sequence: index, time: 0 };
  }

  async read(key: string) {
    const block = { blockLeaf: blockLeaf(1, 1, new Uint8Array(32)) };
    if (!key.startsWith("source/") || this.state === undefined) return { ...block, value: undefined };
    const { incarnation, position, batches, events } = this.state;
    return { ...block, value: encode([incarnation, [Number(position.lsn), position.ordinal], batches, events]) };
  }

  async checkpoint() {
    return { size: this.size };
  }

  async *leaves() {
    // the tests keep one index for as long as they keep the ledger
  }
}

/** A source that starts empty at position 8 and delivers what the test commits. */
class DoubleSource {
  readonly log: { readonly lsn: bigint; readonly changes: readonly Change[] }[] = [];
  handler: StreamHandler | undefined;
  acknowledged = 0n;
  paused = 0;
  #fail: ((error: unknown) => void) | undefined;

  commit(lsn: bigint, ...keys: readonly string[]): void {
    this.commitChanges(
      lsn,
      ...keys.map((key): Change => ({ kind: "create", table, after: [Buffer.from(key), Buffer.from("x")] })),
    );
  }

  commitChanges(lsn: bigint, ...changes: readonly Change[]): void {
    this.log.push({ lsn, changes });
    if (this.handler !== undefined) this.#deliver(this.handler, lsn, changes);
  }

  #deliver(handler: StreamHandler, lsn: bigint, changes: readonly Change[]): void {
    handler.begin({ lsn, xid: lsn, time: Number(lsn) });
    for (const change of changes) handler.change(change);
    handler.commit(lsn + 8n);
  }

  async life() {
    const end = (this.log.at(-1)?.lsn ?? 0n) + 8n;
    return { incarnation: new Uint8Array(8).fill(1), end, resumeAt: this.acknowledged };
  }

  async tables() {
    return [table];
  }

  async begin() {
    this.acknowledged = 8n;
    return { position: 8n, time: 1, rows: async () => 0, close: async () => undefined };
  }

  async forget() {
    this.acknowledged = 0n;
  }

  async stream(handler: StreamHandler, { signal }: { readonly signal: AbortSignal }): Promise<Stream> {
    this.handler = handler;
    const done = new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      signal.addEventListener("abort", () => resolve(), { once: true });
    }).finally(() => {
      this.handler = undefined;
    });
    const from = this.acknowledged;
    setImmediate(() => {
      try {
        for (const { lsn, changes } of this.log) if (lsn >= from) this.#deliver(handler, lsn, changes);
        handler.idle((this.log.at(-1)?.lsn ?? 0n) + 8n);
      } catch (error) {
        this.#fail?.(error);
      }
    });
    return {
      done,
      pause: () => void this.paused++,
      resume: () => undefined,
      acknowledge: (position) => {
        this.acknowledged = position;
      },
    };
  }

  async close() {
    this.handler = undefined;
  }
}

export function doubleCapture() {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-capture-test-"));
  const engine = new DoubleEngine();
  const source = new DoubleSource();
  const index = openRowIndex(join(dir, "rows.db"), { source: "ehr" });
  const stores = {
    index,
    keystore: openKeyStore({ path: join(dir, "keys.db"), primitives: native }),
    progress: openProgress(join(dir, "progress.db")),
  };
  const run = (more: Partial<CaptureOptions>) =>
    runCapture({
      ...{ engine: engine as unknown as Engine, source: source as unknown as Source, ...stores },
      ...{ chain: chainId("test"), organisation: orgId("nord"), sourceId: sourceId("ehr"), primitives: native },
      ...{ signer: signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(7)), handles: named },
      signal: AbortSignal.timeout(10_000),
      ...more,
    });
  const close = () => {
    for (const store of Object.values(stores)) store.close();
    rmSync(dir, { recursive: true });
  };
  return { engine, source, index, run, close };
}
