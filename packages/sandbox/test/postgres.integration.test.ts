import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skipLoudly } from "@anamnesis/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isInstalled, type Postgres, type StartOptions, startPostgres } from "../src/index.ts";
import { alive, childrenOf } from "../src/postgres/process.ts";
import { tempFolder } from "./temp.ts";

const OLDER = "an older version starts when asked for, and its folder remembers it";
const missing14 =
  !isInstalled(14) && skipLoudly({ name: OLDER, needs: "postgres-14", reason: "its package is not installed" });
const holder = fileURLToPath(new URL("./holder.ts", import.meta.url));
let folder: ReturnType<typeof tempFolder>;
const servers: Postgres[] = [];

beforeEach(() => {
  folder = tempFolder();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  folder.remove();
});

async function start(options: Partial<StartOptions> = {}): Promise<Postgres> {
  const server = await startPostgres({ dir: join(folder.dir, "pg"), ...options });
  servers.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  const result = await client.query(sql);
  await client.end();
  return Object.values(result.rows[0] ?? {})[0];
}

describe("the starter", () => {
  test("starts in a 0700 folder, in UTF8, with checksums and logical WAL, and keeps the password to itself", async () => {
    const server = await start();
    expect(await ask(server.url, "SHOW server_encoding")).toBe("UTF8");
    expect(await ask(server.url, "SHOW data_checksums")).toBe("on");
    expect(await ask(server.url, "SHOW wal_level")).toBe("logical");
    const upper = server.version >= 17 ? "Ä" : "ä"; // older ones have no locale of their own that knows the letter
    expect(await ask(server.url, "SELECT upper('ä') || current_database()")).toBe(`${upper}hospital`);
    expect(statSync(join(folder.dir, "pg", "password")).mode & 0o777).toBe(0o600);
    const wrong = server.url.replace(/:[^:@]+@/, ":wrong@");
    await expect(ask(wrong, "SELECT 1")).rejects.toThrow(/password authentication failed/);
  });

  test.skipIf(missing14)(OLDER, async () => {
    const server = await start({ version: 14 });
    expect(server.version).toBe(14);
    expect(await ask(server.url, "SHOW server_version")).toMatch(/^14\./);
    expect(await ask(server.url, "SHOW server_encoding")).toBe("UTF8");
    await server.stop();
    expect((await start()).version).toBe(14);
    const other = start({ version: 18 });
    await expect(other).rejects.toMatchObject({ code: "sandbox/foreign-folder", message: /are of PostgreSQL 14/ });
  });

  test("comes back with the same data, port and address; stop is quick and may be repeated", async () => {
    const first = await start();
    await ask(first.url, "CREATE TABLE kept AS SELECT 7 AS n");
    const since = Date.now();
    await first.stop();
    await first.stop();
    expect(Date.now() - since).toBeLessThan(3_000);
    expect(alive(first.pid)).toBe(false);
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, "SELECT n FROM kept")).toBe(7);
  });

  test("stop takes at most 3 s although a replication client acknowledges nothing", async () => {
    const server = await start();
    await ask(server.url, "SELECT pg_create_logical_replication_slot('mute', 'test_decoding')");
    const config = { connectionString: server.url, replication: "database" };
    const client = new pg.Client(config as pg.ClientConfig);
    client.on("error", () => undefined);
    await client.connect();
    client.query("START_REPLICATION SLOT mute LOGICAL 0/0").catch(() => undefined);
    await ask(server.url, "CREATE TABLE t AS SELECT 1 AS n");
    const since = Date.now();
    await server.stop();
    expect(Date.now() - since).toBeLessThan(3_000);
    expect(server.running).toBe(false);
  });

  test("after kill9 nothing is left of it, and the next start recovers what was committed", async () => {
    const first = await start();
    await ask(first.url, "CREATE TABLE kept AS SELECT 8 AS n");
    const family = [first.pid, ...childrenOf(first.pid)];
    expect(family.length).toBeGreaterThan(3);
    await first.kill9();
    expect(family.filter(alive)).toEqual([]);
    const second = await start();
    expect(await ask(second.url, "SELECT n FROM kept")).toBe(8);
  });

  test("a server left over in the folder is stopped first", async () => {
    const first = await start();
    const second = await start();
    expect(alive(first.pid)).toBe(false);
    expect(await ask(second.url, "SELECT 1")).toBe(1);
  });

  test("a pid file that names another living process is only litter", async () => {
    const first = await start();
    await first.kill9();
    const path = join(first.dataDir, "postmaster.pid");
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, [String(process.pid), ...lines.slice(1)].join("\n"));
    const second = await start();
    expect(await ask(second.url, "SELECT 1")).toBe(1);
  });

  test("a busy port is named; without a wish the next free one is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toMatchObject({ code: "sandbox/port-busy", details: { port } });
    writeFileSync(join(folder.dir, "pg", "port"), String(port));
    expect((await start()).port).not.toBe(port);
    await new Promise((resolve) => other.close(resolve));
  });

  test("a path that is no folder is refused with a code, and so is a setting the server does not know", async () => {
    writeFileSync(join(folder.dir, "file"), "");
    await expect(startPostgres({ dir: join(folder.dir, "file", "pg") })).rejects.toMatchObject({
      code: expect.stringMatching(/^sandbox\//),
    });
    await expect(start({ extraSettings: { no_such_setting: "1" } })).rejects.toMatchObject({
      code: "sandbox/start-failed",
    });
  });

  test("aborting stops it", async () => {
    const stop = new AbortController();
    const server = await start({ signal: stop.signal });
    stop.abort();
    await server.stop();
    expect(server.running).toBe(false);
    await expect(start({ signal: stop.signal })).rejects.toMatchObject({ code: "sandbox/stopped" });
  });

  test("a half-made data folder of a killed start is made anew", async () => {
    mkdirSync(join(folder.dir, "pg", "data.new", "base"), { recursive: true, mode: 0o700 });
    expect(await ask((await start()).url, "SELECT 1")).toBe(1);
  });
});

const notRoot =
  process.getuid?.() !== 0 &&
  skipLoudly({ name: "under other accounts", needs: "root", reason: "only root can become another account" });

describe.skipIf(notRoot)("under other accounts", () => {
  /** Runs a program to its end as nobody, in a folder of nobody's. */
  const asNobody = (args: readonly string[]) =>
    spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, ...args], {
      encoding: "utf8",
      timeout: 60_000,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder.dir },
    });
  const cannotRead = () => asNobody(["-e", `require("node:fs").readFileSync(${JSON.stringify(holder)})`]).status !== 0;

  test("an ordinary user needs nothing special", ({ skip }) => {
    chownSync(folder.dir, 65534, 65534);
    if (cannotRead()) skip("the checkout is closed to other accounts");
    const run = asNobody([holder, join(folder.dir, "pg"), "stop"]);
    expect(run.stderr).toBe("");
    expect(JSON.parse(run.stdout)).toMatchObject({ pid: expect.any(Number) });
  });

  test("an ordinary user in a folder of root's is told that the rights are wrong", ({ skip }) => {
    chownSync(folder.dir, 65534, 65534);
    if (cannotRead()) skip("the checkout is closed to other accounts");
    mkdirSync(join(folder.dir, "closed"), { mode: 0o700 });
    const run = asNobody([holder, join(folder.dir, "closed", "pg"), "stop"]);
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain("sandbox/no-access");
  });

  test("root without user namespaces runs it as nobody where nobody may enter", async ({ skip }) => {
    spawnSync("chmod", ["755", folder.dir]);
    chownSync(folder.dir, 65534, 65534);
    if (cannotRead()) skip("the checkout is closed to other accounts");
    const server = await start({ identity: "nobody" });
    expect(await ask(server.url, "SELECT 1")).toBe(1);
    expect(statSync(server.dataDir).uid).toBe(65534);
  });

  test("a full disk is named", ({ skip }) => {
    const small = join(folder.dir, "small");
    mkdirSync(small);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", small]).status === 0;
    if (!mounted) skip("no tmpfs can be mounted here");
    try {
      const run = spawnSync(process.execPath, [holder, join(small, "pg"), "stop"], {
        encoding: "utf8",
        timeout: 60_000,
      });
      expect(run.stderr).toContain("sandbox/disk-full");
    } finally {
      spawnSync("umount", [small]);
    }
    rmSync(small, { recursive: true, force: true });
  });
});

test("a Ctrl-C for the whole terminal group does not reach the server before us", async () => {
  const child = spawn(process.execPath, [holder, join(folder.dir, "pg")], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const line = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  const { pid } = JSON.parse(line);
  const group = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[2];
  expect(Number(group)).toBe(pid);
  expect(Number(group)).not.toBe(child.pid);
  child.kill("SIGKILL");
});
