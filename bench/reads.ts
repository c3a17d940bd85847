/**
 * `npm run bench -- reads`: reads from the server's log. CPU per line of a log that a real server wrote (auto_explain), from
 * bytes to accesses, beside `JSON.parse` of the same lines; the rate at which a backlog becomes final; and how long after
 * its line a read is final while a client reads 100 rows a second.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  connect,
  openKeyStore,
  openProgress,
  openReads,
  type PostgresSource,
  postgresSource,
  type Reads,
  runCapture,
} from "@anamnesis/capture";
import { openRowIndex } from "@anamnesis/capture/index";
import { contract } from "@anamnesis/contracts";
import { chainId, orgId, sourceId } from "@anamnesis/core";
import { handles, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { decodeEvent, type Engine, isEventLeaf } from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { startPostgres } from "@anamnesis/sandbox";
import { AuditFeed } from "../packages/capture/src/audit/feed.ts";
import { LineSplitter } from "../packages/capture/src/audit/line-splitter.ts";
import { AuditTables } from "../packages/capture/src/audit/tables.ts";
import { Windows } from "../packages/capture/src/audit/windows.ts";
import { type Bench, compared, type Figure, median } from "./harness.ts";

const CHAIN = chainId("bench");
const ORG = orgId("bench");
const SOURCE = sourceId("ehr");
const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const BACKLOG = 20_000;
const LIVE = 1_000;
const LIVE_MS = 10;
const RUNS = 5;

const SETTINGS = {
  ...{ log_destination: "jsonlog", logging_collector: "on", shared_preload_libraries: "auto_explain" },
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_format": "json",
  "auto_explain.log_verbose": "on",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_timing": "off",
  "auto_explain.log_nested_statements": "on",
};

export const bench: Bench = async (say) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const postgres = await startPostgres({ dir: join(dir, "pg"), extraSettings: SETTINGS });
  const log = join(postgres.dataDir, "log");
  const client = await connect({ url: postgres.url });
  try {
    await client.query("CREATE TABLE public.patients (id int PRIMARY KEY, name text)");
    await client.query("INSERT INTO public.patients SELECT i, 'n' || i FROM generate_series(1, 100000) i");
    const capturing = await start(dir, postgres.url, log);
    const live = await liveLag(capturing, client, say);
    await capturing.stop();
    say(`making a backlog of ${BACKLOG} reads`);
    for (let i = 1; i <= BACKLOG; i++) await read(client, 50_000 + i);
    const again = await start(dir, postgres.url, log);
    const rate = await again.until(BACKLOG);
    say(`backlog: ${Math.round(rate)} reads/s`);
    await again.stop();
    const cpu = await cpuPerLine(log, again.tables, say);
    return [...cpu, { name: "backlog to final", value: Math.round(rate), unit: "reads/s", n: 1 }, ...live];
  } finally {
    await client.end();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

const read = (client: Awaited<ReturnType<typeof connect>>, id: number) =>
  client.query("SELECT name FROM public.patients WHERE id = $1", [id]);

interface Capturing {
  readonly tables: Awaited<ReturnType<PostgresSource["tables"]>>;
  /** Milliseconds from the time of the line to its event being final. */
  readonly lags: number[];
  /** Reads per second from now on until so many more are final. */
  until(count: number): Promise<number>;
  stop(): Promise<void>;
}

async function start(dir: string, url: string, log: string): Promise<Capturing> {
  const base = join(dir, "org");
  mkdirSync(base, { recursive: true });
  const signer = signerFromSeed(native, "INTL-1", seed(1));
  const ledger = { dir: join(base, "ledger"), primitives: native, contract, logSigner: seed(2) };
  const logKey = signerFromSeed(native, "INTL-1", seed(2)).publicKey;
  const genesis = founded(native, { chain: CHAIN, time: 1, organisations: [{ id: ORG, signer }], logKey });
  await createLedger({ ...ledger, genesis }).catch(() => undefined);
  const engine = await openEmbedded({ ...ledger, clock: { now: Date.now } });
  const named = handles(native, seed(3));
  const index = openRowIndex(join(base, "index.db"), { source: SOURCE });
  const keystore = openKeyStore({ path: join(base, "keys.db"), primitives: native });
  const progress = openProgress(join(base, "progress.db"));
  const source = postgresSource({ url, name: SOURCE, handles: named, primitives: native, include: ["public.*"] });
  const tables = await source.tables();
  const reads: Reads = openReads({
    ...{ mode: "auto_explain", log, store: join(base, "reads.db"), database: "hospital", windowMs: 60_000 },
    who: { applications: [] },
  });
  const lags: number[] = [];
  const stop = new AbortController();
  let streaming = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    streaming = resolve;
  });
  const running = runCapture({
    ...{ source, engine: watched(engine, lags), index, keystore, progress, signer, primitives: native, handles: named },
    ...{ chain: CHAIN, organisation: ORG, sourceId: SOURCE, signal: stop.signal, interludes: [reads] },
    onProgress: (p) => p.phase === "streaming" && streaming(),
  });
  const started = performance.now();
  await Promise.race([begun, running]);
  return {
    ...{ tables, lags },
    async until(count) {
      while (lags.length < count) await sleep(10);
      return (count * 1_000) / (performance.now() - started);
    },
    async stop() {
      stop.abort();
      await running;
      reads.close();
      for (const each of [index, keystore, progress]) each.close();
      await engine.close();
    },
  };
}

/** Notes for each read when it became final. */
function watched(engine: Engine, lags: number[]): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (name === "submitAttached") return undefined; // so that each transaction comes by with its leaves
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "submit") return value.bind(target);
      return async (tx: Parameters<Engine["submit"]>[0]) => {
        const receipt = await target.submit(tx);
        const now = Date.now();
        for (const leaf of tx.attachments) {
          const event = isEventLeaf(leaf) ? decodeEvent(leaf) : undefined;
          if (event?.kind === "read" && event.row !== null) lags.push(now - event.time / 1_000);
        }
        return receipt;
      };
    },
  });
}

async function liveLag(
  capturing: Capturing,
  client: Awaited<ReturnType<typeof connect>>,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  await sleep(1_000);
  say(`reading ${LIVE} rows, one each ${LIVE_MS} ms`);
  for (let i = 1; i <= LIVE; i++) {
    await read(client, i);
    await sleep(LIVE_MS);
  }
  await capturing.until(LIVE);
  const sorted = capturing.lags.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  const figure = (name: string, value: number): Figure => ({ name, value, unit: "ms", n: sorted.length });
  return [figure("line to final, p50", at(0.5)), figure("line to final, p99", at(0.99))];
}

async function cpuPerLine(
  log: string,
  tables: Capturing["tables"],
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const text = readdirSync(log)
    .filter((name) => name.endsWith(".json"))
    .map((name) => readFileSync(join(log, name), "utf8"))
    .join("");
  const lines = text.split("\n").filter((line) => line.includes("plan:"));
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  const micros = (work: () => void): number => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / lines.length;
  };
  const [ours, peer] = [[] as number[], [] as number[]];
  for (let run = 0; run < RUNS; run++) {
    const windows = new Windows(60_000_000);
    const feed = new AuditFeed({ mode: "auto_explain", database: "hospital", who: { applications: [] }, windows });
    feed.tables = new AuditTables(tables);
    ours.push(
      micros(() => {
        const splitter = new LineSplitter(0, feed);
        for (let at = 0; at < bytes.length; at += 262_144) splitter.push(bytes.subarray(at, at + 262_144));
      }),
    );
    if (feed.figures.told < BACKLOG) throw new Error(`only ${feed.figures.told} reads were found`);
    peer.push(micros(() => void lines.map((line) => JSON.parse(line) as unknown)));
  }
  say(`${lines.length} lines of ${Math.round(bytes.length / lines.length)} bytes: ${median(ours).toFixed(1)} µs each`);
  return [compared("CPU per line", "µs", ours, { name: "JSON.parse of the line", values: peer })];
}
