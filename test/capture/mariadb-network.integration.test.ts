/** The network between capture and MariaDB fails. Nothing is lost, nothing stands twice. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeEvent, type Event, isEventLeaf } from "@anamnesis/ledger";
import { addSource, initFolder, openFolder, openLog, type RunningNode, startNode, verifyNamed } from "@anamnesis/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findingsOf } from "./mariadb-hospital.ts";
import { type MariadbPlace, mariadbPlace, noMariadb } from "./mariadb-place.ts";
import { Proxy } from "./proxy.ts";

const env = {};
const ROWS = 300;

const name = "the network to MariaDB";
describe.skipIf(noMariadb(name))(name, { timeout: 240_000 }, () => {
  let place: MariadbPlace;
  let proxy: Proxy;
  let node: RunningNode;
  let dir: string;
  let written = 0;

  beforeEach(async () => {
    written = 0;
    place = await mariadbPlace();
    await place.sql(
      "CREATE TABLE patients (id INT PRIMARY KEY, name VARCHAR(40))",
      "CREATE TABLE work (id BIGINT PRIMARY KEY, v VARCHAR(40))",
      `INSERT INTO patients SELECT seq, 'n' FROM seq_1_to_${ROWS}`,
    );
    proxy = await Proxy.start(place.server.url);
    dir = join(place.dir, "data");
    await initFolder({ dir, organisation: "Nord" });
    const url = proxy.through(place.server.url);
    addSource(openFolder(dir), { name: "ehr", url, tables: ["*.*"], exclude: [] }, env);
    node = await startNode({ folder: openFolder(dir), env });
    await findings();
  });
  afterEach(async () => {
    await node.stop();
    await proxy.close();
    await place.remove();
  });

  async function write(transactions: number): Promise<void> {
    const statements: string[] = [];
    for (let i = 0; i < transactions; i++) {
      const n = ++written;
      statements.push("BEGIN", `INSERT INTO work VALUES (${n}, 'w')`);
      statements.push(`UPDATE patients SET name = 'w${n}' WHERE id = ${1 + (n % ROWS)}`, "COMMIT");
    }
    await place.sql(...statements);
  }

  async function findings(): Promise<readonly string[]> {
    const folder = openFolder(dir);
    const signal = AbortSignal.timeout(110_000);
    return findingsOf((await verifyNamed({ folder, source: "ehr", mode: "cache", env, signal })).report);
  }

  async function events(): Promise<readonly Event[]> {
    const log = await openLog(openFolder(dir));
    try {
      const found: Event[] = [];
      const { size } = await log.checkpoint();
      for await (const { leaf } of log.leaves(0, size)) if (isEventLeaf(leaf)) found.push(decodeEvent(leaf));
      return found;
    } finally {
      await log.close();
    }
  }

  async function expectClean(): Promise<void> {
    expect(await findings()).toEqual([]);
    const all = await events();
    const of = (kind: string) => all.filter((e) => e.kind === kind).length;
    expect([of("create"), of("update"), of("gap"), of("restored")]).toEqual([written, written, 0, 0]);
    expect(new Set(all.map((e) => `${e.lsn}/${e.ordinal}`)).size).toBe(all.length);
  }

  it("is cut, and resets connections in the middle of a message, with work in flight", async () => {
    for (const [i, bytes] of [500, 5_003, 20_001].entries()) {
      const writing = write(150);
      await sleep(30 + 30 * i);
      proxy.cut();
      await writing;
      proxy.network = "up";
      proxy.breakAfter(bytes);
      await write(100);
      proxy.breakAfter(Number.POSITIVE_INFINITY);
      await expectClean();
    }
  });

  it("forgets connections without a word: capture notices, and goes on", async () => {
    await write(20);
    proxy.forget();
    await write(50);
    await expectClean();
  });
});
