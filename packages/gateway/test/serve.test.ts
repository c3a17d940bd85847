import { connect } from "node:net";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { pruneEntries } from "@anamnesis/embedded";
import { openCheckpoint, verifyLog } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { httpFetcher, type LogServer, serveLog } from "../src/index.ts";
import { type RunningLog, runningLog } from "./support.ts";

const TOKEN = "a-token-for-members";

describe("serving a log", () => {
  let log: RunningLog;
  let server: LogServer;
  beforeEach(async () => {
    log = await runningLog();
    const { engine } = log;
    const health = () => engine.health();
    server = await serveLog({ reader: engine, primitives: native, port: 0, health, entriesToken: TOKEN });
  });
  afterEach(async () => {
    await server.stop();
    await log.dispose();
  });
  const get = (path: string, headers: Record<string, string> = {}) => fetch(server.url + path, { headers });

  it("gives checkpoint, genesis, health and a greeting, with fitting types", async () => {
    const checkpoint = await get("/checkpoint");
    expect(checkpoint.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const { size } = openCheckpoint(native, await checkpoint.text(), log.fixture.genesis);
    expect(size).toBe((await log.engine.checkpoint()).size);
    expect(await (await get("/genesis.json")).json()).toMatchObject({ chain: "conformance" });
    expect(await (await get("/health")).json()).toMatchObject({ status: "ok", size });
    expect(await (await get("/")).text()).toBe("Anamnesis log anamnesis/conformance\n");
  });

  it("gives tiles: full ones for ever, partial ones for a while, none that do not exist", async () => {
    const full = await get("/tile/0/000");
    expect(full.headers.get("cache-control")).toContain("immutable");
    expect((await full.bytes()).length).toBe(256 * 32);
    const partial = await get("/tile/0/001.p/7");
    expect(partial.headers.get("cache-control")).not.toContain("immutable");
    expect((await partial.bytes()).length).toBe(7 * 32);
    expect((await get("/tile/0/009")).status).toBe(404);
    expect((await get("/tile/0/002")).status).toBe(404);
  });

  it("says of dropped entries that they are gone, and goes on giving their hashes", async () => {
    const { genesis } = log.fixture;
    await pruneEntries({ dir: join(log.dir, "ledger"), primitives: native, genesis, before: 300 });
    const asked = await get("/tile/entries/000", { authorization: `Bearer ${TOKEN}` });
    expect(asked.status).toBe(410);
    expect(await asked.text()).toContain("ledger/pruned");
    expect((await get("/tile/0/000")).status).toBe(200);
    const fetched = httpFetcher(server.url, { entriesToken: TOKEN });
    await expect(fetched.tile("tile/entries/000")).rejects.toMatchObject({ code: "ledger/pruned" });
    expect(await fetched.tile("tile/entries/001")).toBeInstanceOf(Uint8Array);
  });

  it("gives entries to members only", async () => {
    for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: TOKEN }, { authorization: "" }]) {
      const refused = await get("/tile/entries/000", headers as Record<string, string>);
      expect(refused.status).toBe(401);
      expect(refused.headers.get("www-authenticate")).toContain("Bearer");
    }
    const given = await get("/tile/entries/000", { authorization: `Bearer ${TOKEN}` });
    expect(given.status).toBe(200);
    expect(given.headers.get("cache-control")).toContain("private");
  });

  it.each([
    "/tile/0/../../ledger.sqlite",
    "/tile/0/%2e%2e/000",
    "/tile/00/000",
    "/tile/0/x000/000",
    "/tile/0/000.p/256",
    "/tile/0/000.p/0",
    "/tile/-1/000",
    "/tile/64/000",
    "/tile/0/000?x=1",
    "/tile/0/000/",
    "//checkpoint",
    "/checkpoint/",
    "/%00",
    "/constructor",
  ])("has nothing at %s", async (path) => {
    expect((await raw(server.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).status).toBe(404);
  });

  it("refuses what is too long, what writes, and what is not HTTP", async () => {
    expect((await get(`/tile/0/${"x001/".repeat(100)}000`)).status).toBe(414);
    expect((await get("/checkpoint", { "x-long": "a".repeat(20_000) })).status).toBe(431);
    const post = await fetch(`${server.url}/checkpoint`, { method: "POST", body: "x" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await raw(server.port, "NONSENSE\r\n\r\n")).status).toBe(400);
    const head = await fetch(`${server.url}/checkpoint`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("verifies over HTTP, entries and all", async () => {
    const source = httpFetcher(server.url, { entriesToken: TOKEN });
    const report = await verifyLog(source, {
      primitives: native,
      contract: testContract,
      genesis: log.fixture.genesis,
    });
    expect(report).toMatchObject({ ok: true, problems: [], events: 700, commands: 1, blocks: 2, replayed: true });
    expect(await source.genesis()).toEqual(log.fixture.genesis);
    const without = verifyLog(httpFetcher(server.url), { primitives: native });
    await expect(without).rejects.toMatchObject({ code: "gateway/bad-answer" });
  });

  it("says that the port is taken", async () => {
    const second = serveLog({ reader: log.engine, primitives: native, port: server.port });
    await expect(second).rejects.toMatchObject({ code: "gateway/port-busy" });
  });

  it("answers 503 without the engine, and stops within a second with connections open", async () => {
    const idle = connect(server.port, "127.0.0.1");
    await new Promise((resolve) => idle.once("connect", resolve));
    await log.engine.close();
    expect((await get("/checkpoint")).status).toBe(503);
    const started = performance.now();
    await Promise.all([server.stop(), server.stop()]);
    expect(performance.now() - started).toBeLessThan(1000);
    idle.destroy();
    await expect(verifyLog(httpFetcher(server.url, { retries: 0 }), { primitives: native })).rejects.toMatchObject({
      code: "gateway/unreachable",
    });
  });

  it.each(["ftp://host/", "nonsense", "http://host/?q", ""])("takes %j for no address", (url) => {
    expect(() => httpFetcher(url)).toThrow(expect.objectContaining({ code: "gateway/bad-address" }));
  });
});

/** A request as bytes: `fetch` would tidy the path up. */
function raw(port: number, request: string): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status === undefined) return;
      socket.destroy();
      resolve({ status: Number(status) });
    });
    socket.on("error", reject);
  });
}
