/** Capture is killed again and again while a table's key changes and everybody writes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  openPostgresVerify,
  SubjectSealers,
  type VerifyReport,
  verifySource,
  waitForBarrier,
} from "@anamnesis/capture";
import { native } from "@anamnesis/crypto/native";
import { afterEach, describe, expect, it } from "vitest";
import { type Bench, open, type Place, place, sourceHandles, sql } from "./harness.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const KILLS = Number(process.env["ANAMNESIS_KILLS"] ?? 6);
const ROWS = 1_000;

const found = (r: VerifyReport) =>
  [...r.altered, ...r.missing, ...r.unexplained, ...r.unvouched]
    .map((f) => `${f.kind} ${f.table} ${f.key}${f.contradicted === undefined ? "" : " contradicted"}`)
    .toSorted();

let at: Place;
afterEach(() => at.remove());

/** Inserts, updates, deletes and moves, two writers at a time, as fast as the database takes them. */
async function write(url: string, writer: number, signal: AbortSignal): Promise<number> {
  let n = 0;
  for (; !signal.aborted; n++) {
    const own = 100_000 * (writer + 1) + n;
    const other = 11 + ((n * 7919 + writer * 31) % (ROWS - 10));
    await sql(
      url,
      `INSERT INTO ward.t VALUES (${own}, ${ROWS + 1 - own}, 'new')`,
      `UPDATE ward.t SET v = 'w${n}' WHERE id = ${other}`,
      ...(n % 3 === 0 ? [`DELETE FROM ward.t WHERE id = ${own - 7}`] : []),
      ...(n % 5 === 0
        ? [`UPDATE ward.t SET id = id + 500000, code = code - 500000, v = 'm' WHERE id = ${own - 3}`]
        : []),
      ...(n % 11 === 0 ? [`DELETE FROM ward.t WHERE id = ${other}`] : []),
    );
  }
  return n;
}

async function verify(bench: Bench, url: string, dir: string, mode: "cache" | "from-log"): Promise<VerifyReport> {
  const source = await openPostgresVerify({
    url,
    catalog: { handles: sourceHandles, primitives: native, include: ["ward.*"] },
  });
  try {
    return await verifySource({
      ...{ source, log: bench.engine, index: bench.index, mode, sourceName: "ehr", organisation: "nord" },
      ...{
        primitives: native,
        handles: sourceHandles,
        sealers: new SubjectSealers(native, bench.keystore),
        temporaryDir: dir,
      },
      pending: () => bench.progress.tables.pending(),
      layouts: (table) => bench.progress.tables.layouts(table),
      waitForBarrier: (token, lsn, signal) => waitForBarrier(bench.progress, token ?? "", lsn, { signal }),
    });
  } finally {
    await source.close();
  }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("a key that changes while capture is killed", () => {
  it.each(["FULL", "DEFAULT"])(
    "leaves no finding (%s)",
    async (identity) => {
      at = await place();
      const { url } = at.postgres;
      const dir = join(at.dir, "case");
      await sql(
        url,
        "CREATE SCHEMA ward",
        "CREATE TABLE ward.t (id int PRIMARY KEY, code int NOT NULL, v text)",
        `ALTER TABLE ward.t REPLICA IDENTITY ${identity}`,
        `INSERT INTO ward.t SELECT i, ${ROWS + 1} - i, 'v' || i FROM generate_series(1, ${ROWS}) i`,
      );
      const first = await open(dir, url, { include: ["ward.*"] });
      await first.catchUp();
      await first.close();
      const stop = new AbortController();
      const writing = [0, 1].map((writer) => write(url, writer, stop.signal));
      const keys = ["code", "code, id", "id"];
      for (let i = 0; i < KILLS; i++) {
        const child = spawn(process.execPath, [CHILD, dir, url], { stdio: ["ignore", "pipe", "inherit"] });
        await once(child.stdout ?? child, "data");
        await sleep(Math.random() * 100);
        await sql(url, `ALTER TABLE ward.t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (${keys[i % keys.length]})`);
        await sleep(Math.random() * 700);
        await killed(child);
      }
      stop.abort();
      await Promise.all(writing);
      const bench = await open(dir, url, { include: ["ward.*"] });
      const end = new AbortController();
      const running = bench.capture({ signal: end.signal, onBarrier: (token) => bench.progress.passBarrier(token) });
      try {
        const report = found(await verify(bench, url, dir, "cache"));
        expect(report).toEqual([]);
        expect(found(await verify(bench, url, dir, "from-log"))).toEqual([]);
      } finally {
        end.abort();
        await running.catch(() => undefined);
        await bench.close();
      }
    },
    180_000,
  );
});
