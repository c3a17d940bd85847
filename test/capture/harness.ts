/** A hospital's database, a ledger and capture between them, for integration tests: everything real, in temporary folders. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CaptureOptions,
  type CaptureSummary,
  connect,
  type KeyStore,
  openDigestStore,
  openKeyStore,
  openProgress,
  type PostgresSource,
  type PostgresSourceOptions,
  type Progress,
  postgresSource,
  runCapture,
  tableHandles,
} from "@anamnesis/capture";
import { openRowIndex, type RowIndex } from "@anamnesis/capture/index";
import { contract } from "@anamnesis/contracts";
import { type Clock, chainId, orgId, sourceId, toHex } from "@anamnesis/core";
import { handles, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { decodeEvent, type Engine, type Event, isEventLeaf } from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { type Postgres, startPostgres } from "@anamnesis/sandbox";

const CHAIN = chainId("test");
const ORG = orgId("nord");
const SOURCE = sourceId("ehr");

const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const signer = signerFromSeed(native, "INTL-1", seed(1));
export const sourceHandles = tableHandles(handles(native, seed(3)));

export interface Place {
  readonly dir: string;
  readonly postgres: Postgres;
  remove(): Promise<void>;
}

/** A fresh folder with a running PostgreSQL in it. */
export async function place(extraSettings: Readonly<Record<string, string>> = {}): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-capture-"));
  const postgres = await startPostgres({ dir: join(dir, "pg"), extraSettings });
  return {
    dir,
    postgres,
    async remove() {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface Bench {
  readonly engine: Engine;
  readonly index: RowIndex;
  readonly source: PostgresSource;
  readonly keystore: KeyStore;
  readonly progress: Progress;
  capture(options: Partial<CaptureOptions>): Promise<CaptureSummary>;
  /** One shot: everything committed until now is final. */
  catchUp(): Promise<CaptureSummary>;
  events(): Promise<readonly Event[]>;
  close(): Promise<void>;
}

/** Ledger, stores and source of the folder `name` under `dir`; made when missing. */
export async function open(
  dir: string,
  url: string,
  more: Partial<PostgresSourceOptions> = {},
  clock: Clock = { now: Date.now },
): Promise<Bench> {
  const base = join(dir, "org");
  mkdirSync(base, { recursive: true });
  const ledger = { dir: join(base, "ledger"), primitives: native, contract, logSigner: seed(2) };
  const logKey = signerFromSeed(native, "INTL-1", seed(2)).publicKey;
  const genesis = founded(native, { chain: CHAIN, time: 1, organisations: [{ id: ORG, signer }], logKey });
  await createLedger({ ...ledger, genesis }).catch(() => undefined);
  const engine = await openEmbedded({ ...ledger, clock });
  const index = openRowIndex(join(base, "index.db"), { source: SOURCE });
  const keystore = openKeyStore({ path: join(base, "keys.db"), primitives: native });
  const progress = openProgress(join(base, "progress.db"));
  const digests = openDigestStore(join(base, "digests.db"));
  const source = postgresSource({ url, name: SOURCE, handles: sourceHandles, primitives: native, ...more });
  const capture = (options: Partial<CaptureOptions>) =>
    runCapture({
      ...{ source, engine, index, keystore, progress, digests, signer, primitives: native, handles: sourceHandles },
      ...{ chain: CHAIN, organisation: ORG, sourceId: SOURCE, signal: new AbortController().signal, now: clock.now },
      ...options,
    });
  return {
    engine,
    index,
    source,
    keystore,
    progress,
    capture,
    catchUp: () => capture({ untilCaughtUp: true, signal: AbortSignal.timeout(60_000) }),
    events: () => readEvents(engine),
    async close() {
      await engine.close();
      index.close();
      keystore.close();
      progress.close();
      digests.close();
    },
  };
}

async function readEvents(engine: Pick<Engine, "checkpoint" | "leaves">): Promise<readonly Event[]> {
  const events: Event[] = [];
  const { size } = await engine.checkpoint();
  for await (const { leaf } of engine.leaves(0, size)) if (isEventLeaf(leaf)) events.push(decodeEvent(leaf));
  return events;
}

/** Runs SQL, one statement string after the other, on a connection of its own. */
export async function sql(url: string, ...statements: readonly string[]): Promise<void> {
  const client = await connect({ url });
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

const tableHandle = (name: string): string => toHex(sourceHandles.table(name));
export const eventsOf = (events: readonly Event[], table: string): readonly Event[] =>
  events.filter((e) => toHex(e.table) === tableHandle(table));
export const kinds = (events: readonly Event[]): string => events.map((e) => e.kind).join(" ");
