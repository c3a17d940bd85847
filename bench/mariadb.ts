/**
 * `npm run bench -- mariadb`: capture and verify on MariaDB beside their peers: the bare consumer of the binary log (decode,
 * discard) over the same backlog, and reading the same rows and hashing each (SHA-256); in turns, in one run.
 */
import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fileMemory,
  mariadbSource,
  openMariadbVerify,
  readTexts,
  type Source,
  type StreamHandler,
  SubjectSealers,
  verifySource,
  withMariadb,
} from "@anamnesis/capture";
import { native } from "@anamnesis/crypto/native";
import { startMariadb } from "@anamnesis/sandbox";
import { tuneCollector } from "../packages/cli/src/memory.ts";
import { ORG, openOrganisation, SOURCE } from "./capture/organisation.ts";
import { type Bench, compared } from "./harness.ts";

const TRANSACTIONS = 10_000;
const ROUNDS = 5;
/** Before them, uncounted, as in `bench -- capture`. */
const WARM_UPS = 2;

const SCHEMA = [
  "CREATE TABLE patients (id int PRIMARY KEY, name varchar(100))",
  `CREATE TABLE observations (id bigint PRIMARY KEY, patient_id int NOT NULL, code varchar(20) NOT NULL, value decimal(12,3),
    unit varchar(20), at datetime(6) NOT NULL, note text, FOREIGN KEY (patient_id) REFERENCES patients (id))`,
  "INSERT INTO patients SELECT seq, concat('patient ', seq) FROM seq_1_to_1000",
  // Two thirds inserts, one third updates, ten rows a transaction, about 200 bytes a row: as in `bench -- capture`.
  `CREATE PROCEDURE backlog(first int, last int) BEGIN
    DECLARE t int DEFAULT first;
    WHILE t <= last DO
      START TRANSACTION;
      INSERT INTO observations SELECT t * 10 + seq, 1 + (t * 10 + seq) % 1000, concat('loinc-', seq), t + seq / 8, 'mmol/l',
        '2024-01-01' + INTERVAL t * 37 SECOND, concat(md5(concat(t, seq)), ' ', md5(concat(seq, t)), ' usual') FROM seq_1_to_7;
      UPDATE observations SET value = value + 1 WHERE id BETWEEN t * 10 + 1 AND t * 10 + 3;
      COMMIT;
      SET t = t + 1;
    END WHILE;
  END`,
];

export const bench: Bench = async (say) => {
  tuneCollector();
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const mariadb = await startMariadb({ dir: join(dir, "db") });
  const { url } = mariadb;
  const place = (name: string) => fileMemory(join(dir, `${name}.json`));
  const org = await openOrganisation(join(dir, "org"), (basics) =>
    mariadbSource({ ...basics, url, memory: place("own") }),
  );
  const bare = mariadbSource({ handles: org.handles, primitives: native, url, memory: place("bare") });
  try {
    await run(url, ...SCHEMA);
    await org.catchUp();
    await bare.tables();
    await (await bare.begin(new AbortController().signal)).close();
    const capture = { pipeline: [] as number[], bare: [] as number[] };
    for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
      if (round === WARM_UPS) for (const each of [capture.pipeline, capture.bare]) each.length = 0;
      const name = round < WARM_UPS ? "warming up" : `round ${round - WARM_UPS + 1}/${ROUNDS}`;
      say(`${name}: making a backlog of ${TRANSACTIONS * 10} changes`);
      await run(url, `CALL backlog(${1 + round * TRANSACTIONS}, ${(round + 1) * TRANSACTIONS})`);
      const contenders = [
        ["bare", () => drain(bare)],
        ["pipeline", () => org.catchUp()],
      ] as const;
      for (const [name, work] of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const rate = await timed(TRANSACTIONS * 10, work);
        capture[name].push(rate);
        say(`${name}: ${rate} changes/s`);
      }
    }
    const verify = { verify: [] as number[], read: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      verify.read.push(await readAndHash(org.source));
      verify.verify.push(await verifyAll(url, org));
      say(`verify ${verify.verify.at(-1)} rows/s, read and hash ${verify.read.at(-1)} rows/s`);
    }
    return [
      compared("capture of MariaDB", "changes/s", capture.pipeline, {
        ...{ name: "decode and discard", values: capture.bare, aim: { least: 0.5 } },
      }),
      compared("verify on MariaDB", "rows/s", verify.verify, {
        ...{ name: "read and SHA-256", values: verify.read, aim: { least: 0.5 } },
      }),
    ];
  } finally {
    await bare.close();
    await org.close();
    await mariadb.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

const run = (url: string, ...statements: readonly string[]) =>
  withMariadb({ url }, async (connection) => {
    for (const statement of statements) await readTexts(connection, statement);
  });

async function timed(expected: number, work: () => Promise<number>): Promise<number> {
  const started = performance.now();
  const seen = await work();
  if (seen !== expected) throw new Error(`saw ${seen} of ${expected}`);
  return Math.round((expected / (performance.now() - started)) * 1000);
}

/** Everything there is now, decoded and thrown away. */
async function drain(source: Source): Promise<number> {
  const { end } = await source.life();
  let changes = 0;
  let acknowledge: (position: bigint) => void = () => undefined;
  const handler: StreamHandler = {
    begin: () => undefined,
    change: ({ kind }) => {
      if (kind === "create" || kind === "update" || kind === "delete") changes++;
    },
    commit: (position) => acknowledge(position),
    idle: () => undefined,
    barrier: () => undefined,
  };
  const stream = await source.stream(handler, { signal: new AbortController().signal, until: end });
  acknowledge = (position) => stream.acknowledge(position);
  await stream.done;
  return changes;
}

async function readAndHash(source: Source): Promise<number> {
  const { signal } = new AbortController();
  const tables = await source.tables();
  const started = performance.now();
  const snapshot = await source.snapshot(signal);
  let rows = 0;
  for (const table of tables) {
    rows += await snapshot.rows(table, (row) => void hash("sha256", row, "buffer"), signal);
  }
  await snapshot.close();
  return Math.round((rows / (performance.now() - started)) * 1000);
}

type Organisation = Awaited<ReturnType<typeof openOrganisation>>;

async function verifyAll(url: string, { engine, index, keystore, handles }: Organisation): Promise<number> {
  const source = await openMariadbVerify({ url, catalog: { handles, primitives: native }, memory: fileMemory("none") });
  try {
    const report = await verifySource({
      ...{ source, log: engine, index, handles, primitives: native, mode: "cache" as const },
      sourceName: SOURCE,
      organisation: ORG,
      sealers: new SubjectSealers(native, keystore),
      waitForBarrier: () => Promise.resolve(), // capture has caught up, and nobody writes
    });
    if (report.totals.altered + report.totals.missing + report.totals.unexplained > 0) throw new Error("findings");
    return Math.round(report.rows / report.seconds);
  } finally {
    await source.close();
  }
}
