/** The whole chain for integration tests: a real PostgreSQL, capture in this process, a real ledger, and verify beside it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openDigestStore,
  openKeyStore,
  openPostgresVerify,
  openProgress,
  openRowIndex,
  postgresSource,
  type RowIndex,
  runCapture,
  SubjectSealers,
  tableHandles,
  type VerifyOptions,
  type VerifyReport,
  verifySource,
  waitForBarrier,
} from "@anamnesis/capture";
import { contract } from "@anamnesis/contracts";
import { chainId, orgId, sourceId } from "@anamnesis/core";
import { handles, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import type { Engine } from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { type Postgres, type StartOptions, startPostgres } from "@anamnesis/sandbox";

const seed = (n: number) => new Uint8Array(32).fill(n);

/** What a report finds, as `kind table key`. */
export const found = (r: VerifyReport): string[] =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched, ...r.erased]
    .map((f) => `${f.kind} ${f.table} ${f.key}`)
    .toSorted();

export class Chain {
  readonly dir = mkdtempSync(join(tmpdir(), "anamnesis-chain-"));
  readonly signer = signerFromSeed(native, "INTL-1", seed(1));
  readonly handles = tableHandles(handles(native, seed(2)));
  readonly keys = openKeyStore({ path: join(this.dir, "keys.sqlite"), primitives: native });
  readonly sealers = new SubjectSealers(native, this.keys);
  readonly indexPath = join(this.dir, "rows.sqlite");
  readonly progress = openProgress(join(this.dir, "progress.sqlite"));
  readonly digestsPath = join(this.dir, "digests.sqlite");
  digests = openDigestStore(this.digestsPath);
  readonly publication = "anamnesis_ehr";
  postgres: Postgres;
  readonly engine: Engine;
  index: RowIndex;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #failed = new Promise<never>(() => undefined);

  private constructor(postgres: Postgres, engine: Engine) {
    this.postgres = postgres;
    this.engine = engine;
    this.index = openRowIndex(this.indexPath, { source: "ehr" });
  }

  /** @param prepare fills the database before capture sees it */
  static async start(
    prepare: (url: string) => Promise<unknown>,
    options: Omit<Partial<StartOptions>, "dir"> = {},
  ): Promise<Chain> {
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-chain-base-"));
    const postgres = await startPostgres({ dir: join(dir, "pg"), ...options });
    await prepare(postgres.url);
    const signer = signerFromSeed(native, "INTL-1", seed(1));
    const logKey = native.ed25519PublicKey(seed(3));
    const organisations = [{ id: "nord", signer }];
    const genesis = founded(native, { chain: "test", time: Date.now(), organisations, logKey });
    const ledger = { dir: join(dir, "ledger"), genesis, primitives: native, contract, logSigner: seed(3) };
    await createLedger(ledger);
    const engine = await openEmbedded({ ...ledger, clock: { now: () => Date.now() } });
    const chain = new Chain(postgres, engine);
    chain.#cleanup.push(dir, chain.dir);
    chain.#server = join(dir, "pg");
    return chain;
  }

  readonly #cleanup: string[] = [];
  #server = "";

  get url(): string {
    return this.postgres.url;
  }

  /** Stops the server, lets something happen to its folder, and starts it again, perhaps at another port. */
  async restart(meanwhile: (dataDir: string) => void): Promise<void> {
    const { dataDir } = this.postgres;
    await this.postgres.stop();
    meanwhile(dataDir);
    this.postgres = await startPostgres({ dir: this.#server });
  }

  catalog() {
    return { handles: this.handles, primitives: native };
  }

  /** `engine`: one that stands before the chain's own. */
  startCapture(engine: Engine = this.engine): void {
    this.#stop = new AbortController();
    this.#running = this.#capture({ signal: this.#stop.signal, untilCaughtUp: false }, engine);
    this.#failed = this.#running.then(() => new Promise<never>(() => undefined));
    this.#failed.catch(() => undefined);
  }

  /** Snapshot or resume until everything committed so far is final. */
  async captureOnce(): Promise<void> {
    await this.#capture({ signal: new AbortController().signal, untilCaughtUp: true });
  }

  async stopCapture(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }

  async #capture(
    how: { readonly signal: AbortSignal; readonly untilCaughtUp: boolean },
    engine: Engine = this.engine,
  ): Promise<void> {
    const source = postgresSource({ url: this.url, name: "ehr", ...this.catalog() });
    try {
      await runCapture({
        ...{
          source,
          engine,
          chain: chainId("test"),
          organisation: orgId("nord"),
          sourceId: sourceId("ehr"),
        },
        ...{ signer: this.signer, primitives: native, handles: this.handles, index: this.index },
        ...{ keystore: this.keys, progress: this.progress, digests: this.digests, ...how },
        onBarrier: (token) => this.progress.passBarrier(token),
      });
    } finally {
      await source.close();
    }
  }

  async verify(more: Partial<VerifyOptions> = {}): Promise<VerifyReport> {
    const source = await openPostgresVerify({ url: this.url, catalog: this.catalog() });
    try {
      return await verifySource({
        ...{ source, log: this.engine, index: this.index, mode: "cache", sourceName: "ehr", organisation: "nord" },
        ...{ primitives: native, handles: this.handles, sealers: this.sealers, temporaryDir: this.dir },
        pending: () => this.progress.tables.pending(),
        layouts: (table) => this.progress.tables.layouts(table),
        waitForBarrier: (token, lsn, signal) =>
          Promise.race([waitForBarrier(this.progress, token ?? "", lsn, { signal }), this.#failed]),
        ...more,
      });
    } finally {
      await source.close();
    }
  }

  async close(): Promise<void> {
    await this.stopCapture();
    await this.engine.close();
    await this.postgres.stop();
    this.index.close();
    this.keys.close();
    this.progress.close();
    this.digests.close();
    for (const dir of this.#cleanup) rmSync(dir, { recursive: true, force: true });
  }
}
