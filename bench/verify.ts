/**
 * `npm run bench -- verify [--rows N]`: rows verified per second against the bare minimum, which is reading the same tables by COPY and
 * hashing each row once (SHA-256), alternating in one run; and the peak memory of verification by size. Each verification
 * runs in a process of its own, so that its peak is its own.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import {
  connect,
  copyRows,
  openKeyStore,
  openPostgresVerify,
  openRowIndex,
  type PlacedLeaf,
  readTables,
  SubjectSealers,
  selectRows,
  subjectsOfFields,
  verifySource,
  withClient,
} from "@anamnesis/capture";
import { handles } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { encodeEvent, Frontier, formatCheckpoint, formatNote, type LogReader, noteSigner } from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { startPostgres } from "@anamnesis/sandbox";
import { type Bench, compared, type Figure, interleaved, median, RUNS } from "./harness.ts";

const TABLE = "public.observations";
const SEED = new Uint8Array(32).fill(1);
const HANDLES = handles(native, new Uint8Array(32).fill(2));
const CATALOG = { handles: HANDLES, primitives: native, include: [TABLE] };

/** About 190 bytes a row, 50 rows a patient, in the order in which they were measured. */
const fill = (rows: number) => `
  DROP TABLE IF EXISTS ${TABLE};
  CREATE TABLE ${TABLE} (id bigint PRIMARY KEY, patient_id integer NOT NULL, code text NOT NULL, value numeric(10,3),
    unit text, at timestamptz NOT NULL, note text);
  INSERT INTO ${TABLE}
    SELECT i, (i::bigint * 7919) % ${Math.max(1, rows / 50)}, 'loinc-' || i % 900, (i % 10007) / 8.0, 'mmol/l',
      timestamptz '2024-01-01 00:00+00' + i * interval '37.000123 seconds', md5(i::text) || ' ' || md5((i + 1)::text) || ' within the usual range'
    FROM generate_series(1, ${rows}) i;
  ANALYZE ${TABLE};`;

interface Place {
  readonly url: string;
  readonly dir: string;
}

interface VerifyFigures {
  readonly rows: number;
  readonly seconds: number;
  readonly peakMiB: number;
  /** Processor time of our process alone: what a busy machine changes least. */
  readonly cpuSeconds: number;
}

/** Baseline of the whole table, straight into the index. */
async function baseline({ url, dir }: Place): Promise<void> {
  const keys = openKeyStore({ path: join(dir, "keys.sqlite"), primitives: native });
  const sealers = new SubjectSealers(native, keys);
  const index = openRowIndex(join(dir, "rows.sqlite"), { source: "bench" });
  const client = await connect({ url });
  const [table] = await readTables(client, CATALOG);
  if (table === undefined) throw new Error("no table");
  let leaves: PlacedLeaf[] = [];
  let at = 1;
  await copyRows(client, selectRows(table), (row) => {
    const fields = Buffer.from(row)
      .toString("latin1")
      .split("\t")
      .map((f) => Buffer.from(f, "latin1"));
    const handle = HANDLES.row(table.handle, fields[0] ?? row);
    const sealer = sealers.of(table, subjectsOfFields(table, fields));
    if (sealer === "erased") return;
    const commitment = sealer.commitment(table.handle, handle, table.schemaId, 1n, at, row);
    const event = {
      kind: "baseline",
      source: "bench",
      table: table.handle,
      row: handle,
      schema: table.schemaId,
    } as const;
    const more = { commitment, lsn: 1n, ordinal: at, xid: 0n, time: 0, actor: null, purpose: null };
    leaves.push({ index: at++, leaf: encodeEvent({ ...event, ...more }) });
    if (leaves.length < 4096) return;
    index.apply(leaves);
    leaves = [];
  });
  index.apply(leaves);
  keys.flush();
  keys.close();
  index.close();
  await client.end();
}

/** A log that only has a checkpoint: mode `cache` reads nothing else. */
function bareLog(): LogReader {
  const logKey = native.ed25519PublicKey(SEED);
  const genesis = founded(native, { chain: "bench", organisations: ["nord"], logKey });
  const origin = "anamnesis/bench";
  const root = new Frontier(native).root();
  const text = formatCheckpoint({ origin, size: 0, root });
  const note = formatNote(text, [noteSigner(native, origin, SEED).sign(text)]);
  const unused = () => Promise.reject(new Error("not part of this measurement"));
  async function* leaves() {
    yield* [];
  }
  const checkpoint = async () => ({ origin, size: 0, root, note });
  return { genesis, checkpoint, leaves, inclusion: unused, consistency: unused, tile: unused, read: unused };
}

async function verifyOnce({ url, dir }: Place): Promise<VerifyFigures> {
  const keys = openKeyStore({ path: join(dir, "keys.sqlite"), primitives: native, readOnly: true });
  const index = openRowIndex(join(dir, "rows.sqlite"), { source: "bench", readOnly: true });
  const source = await openPostgresVerify({ url, catalog: CATALOG });
  const cpu = cpuClock();
  const report = await verifySource({
    ...{ source, index, log: bareLog(), mode: "cache", sourceName: "bench", organisation: "nord" },
    ...{ primitives: native, handles: HANDLES, sealers: new SubjectSealers(native, keys) },
    waitForBarrier: async () => undefined,
  });
  const cpuSeconds = cpu();
  await source.close();
  index.close();
  keys.close();
  const wrong = report.totals.altered + report.totals.missing + report.totals.unexplained + report.totals.unvouched;
  if (wrong > 0) throw new Error(`${wrong} findings in an untouched table`);
  return { rows: report.rows, seconds: report.seconds, cpuSeconds, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

async function hashOnce({ url }: Place): Promise<VerifyFigures> {
  return await withClient({ url }, async (client) => {
    const [table] = await readTables(client, CATALOG);
    if (table === undefined) throw new Error("no table");
    const digest = new Uint8Array(32);
    const started = performance.now();
    const cpu = cpuClock();
    const rows = await copyRows(client, selectRows(table), (row) => native.sha256Into(row, digest, 0));
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    return { rows, seconds: (performance.now() - started) / 1000, cpuSeconds: cpu(), peakMiB };
  });
}

function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}

const STEPS = { baseline, verify: verifyOnce, hash: hashOnce } as const;
type Step = keyof typeof STEPS;

function inChild(step: Step, place: Place): Promise<VerifyFigures> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [step], {
      env: { ...process.env, BENCH_PLACE: JSON.stringify(place) },
    });
    let answer: VerifyFigures | undefined;
    child.on("message", (message) => {
      answer = message as VerifyFigures;
    });
    child.on("exit", (code) =>
      code === 0 && answer !== undefined ? resolve(answer) : reject(new Error(`${step} failed`)),
    );
  });
}

interface Measured {
  readonly verify: readonly VerifyFigures[];
  readonly hash: readonly VerifyFigures[];
}

const SIZES: readonly number[] = sizes();
/** Larger tables are measured once: making them takes longer than the figure is worth repeating. */
const REPEATED_ROWS_MAX = 2_000_000;
const AIM = { least: 0.5 } as const;

export const bench: Bench = async (say) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const pg = await startPostgres({ dir: join(dir, "pg") });
  try {
    const figures: Figure[] = [];
    for (const rows of SIZES) {
      say(`${rows} rows`);
      figures.push(...figuresOf(rows, await measure({ url: pg.url, dir }, rows, say)));
    }
    return figures;
  } finally {
    await pg.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

async function measure(place: Place, rows: number, say: (line: string) => void): Promise<Measured> {
  await withClient({ url: place.url }, (client) => client.query(fill(rows)));
  for (const end of ["", "-wal", "-shm"]) rmSync(join(place.dir, `rows.sqlite${end}`), { force: true });
  await inChild("baseline", place);
  const verify: VerifyFigures[] = [];
  const hash: VerifyFigures[] = [];
  const speed = (list: VerifyFigures[], step: Step) => async () => {
    const figures = await inChild(step, place);
    list.push(figures);
    return figures.rows / figures.seconds;
  };
  const contenders = { hash: speed(hash, "hash"), verify: speed(verify, "verify") };
  await interleaved(contenders, say, rows > REPEATED_ROWS_MAX ? 1 : RUNS);
  return { verify, hash };
}

/** The usual ones, or what `--rows` asks for. */
function sizes(): readonly number[] {
  const at = process.argv.indexOf("--rows");
  if (at < 0) return [10_000, 100_000, 1_000_000];
  const rows = Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(rows) || rows < 1) throw new Error("--rows wants a number of rows");
  return [rows];
}

function figuresOf(rows: number, { verify, hash }: Measured): readonly Figure[] {
  const speed = (list: readonly VerifyFigures[]) => list.map((f) => f.rows / f.seconds);
  const perCpu = (list: readonly VerifyFigures[]) => list.map((f) => f.rows / f.cpuSeconds);
  const peer = { name: "read and hash", values: speed(hash), aim: AIM };
  return [
    compared(`verify ${rows} rows`, "rows/s", speed(verify), peer),
    compared(`verify ${rows} rows`, "rows per second of our processor time", perCpu(verify), {
      name: "read and hash",
      values: perCpu(hash),
    }),
    {
      name: `peak memory, ${rows} rows`,
      value: median(verify.map((f) => f.peakMiB)),
      unit: "MiB",
      peer: "read and hash",
      peerValue: median(hash.map((f) => f.peakMiB)),
      n: verify.length,
    },
  ];
}

const place = process.env["BENCH_PLACE"];
if (process.send !== undefined && place !== undefined) {
  setFlagsFromString("--semi-space-growth-factor=1"); // as the command does, see cli/src/memory.ts
  const figures = await STEPS[process.argv[2] as Step](JSON.parse(place) as Place);
  process.send(figures ?? { rows: 0, seconds: 0, cpuSeconds: 0, peakMiB: 0 }, () => process.exit(0));
}
