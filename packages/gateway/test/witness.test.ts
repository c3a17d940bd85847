import { createServer } from "node:http";
import { connect } from "node:net";
import { toHex, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { cosigner, handleAddCheckpoint, parseVerifierKey, relate, WitnessClient } from "@anamnesis/ledger";
import { MemoryWitnessStore, TestClock, TestLog, witnessConformance } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { httpFetcher, httpWitness, type LogServer, serveLog, serveWitness } from "../src/index.ts";
import { runningLog } from "./support.ts";

witnessConformance("over HTTP", native, async (options) => {
  const store = new MemoryWitnessStore();
  const origins = ["anamnesis/test"];
  const server = await serveWitness({ witness: { ...options, store }, origins, port: 0 });
  return {
    async answer(body) {
      const response = await fetch(`${server.url}/add-checkpoint`, { method: "POST", body: new Uint8Array(body) });
      const type = response.headers.get("content-type") as "text/x.tlog.size";
      return { status: response.status as 200, type, body: await response.text() };
    },
    restart: () => Promise.resolve(),
    dispose: () => server.stop(),
  };
});

describe("a witness over HTTP", () => {
  const key = cosigner(native, "witness.example/w", new Uint8Array(32).fill(5));
  const log = new TestLog(native).grow(20);
  const logKeys = (origin: string) => (origin === log.origin ? [log.verifier] : undefined);
  const store = () => new MemoryWitnessStore();
  const deps = (s = store()) => ({ primitives: native, clock: new TestClock(), cosigner: key, logKeys, store: s });
  const offer = (size: number) => ({
    note: log.note(size),
    consistency: (older: number, newer: number) => Promise.resolve(log.proof(older, newer)),
  });
  let server: LogServer;
  let statuses: number[];
  beforeEach(async () => {
    statuses = [];
    const onAnswer = (status: number) => void statuses.push(status);
    server = await serveWitness({ witness: deps(), origins: [log.origin], port: 0, onAnswer });
  });
  afterEach(() => server.stop());

  it("says who it is and what it has seen", async () => {
    const text = async (path: string) => (await fetch(server.url + path)).text();
    expect(await text("/")).toBe(`Witness witness.example/w of 1 logs: ${log.origin}\n`);
    expect(await text("/key")).toBe(`${key.verifierKey}\n`);
    const peer = `${server.url}/logs/${toHex(native.sha256(utf8(log.origin)))}`;
    expect((await fetch(`${peer}/checkpoint`)).status).toBe(404);
    const client = new WitnessClient(native, {
      verifier: parseVerifierKey(native, key.verifierKey),
      ask: httpWitness(server.url),
    });
    expect((await client.cosign(offer(9))).kind).toBe("cosigned");
    expect((await client.cosign(offer(20))).kind).toBe("cosigned");
    expect((await httpFetcher(peer).checkpoint()).note.startsWith(log.note(20))).toBe(true);
    expect(statuses).toEqual([200, 200]);
  });

  it.each(["/logs/", `/logs/${"0".repeat(64)}/checkpoint`, "/add-checkpoint", "/checkpoint", "/key/"])(
    "has nothing to read at %s",
    async (path) => {
      expect((await fetch(server.url + path)).status).toBe(404);
    },
  );

  it("takes nothing elsewhere", async () => {
    expect((await fetch(`${server.url}/key`, { method: "POST", body: "x" })).status).toBe(405);
    expect((await fetch(`${server.url}/add-checkpoint`, { method: "PUT", body: "x" })).status).toBe(405);
  });

  it("gives no cosignature when its store fails, nor to who hangs up", async () => {
    const broken = {
      latest: () => Promise.reject(new Error("disk")),
      replace: () => Promise.reject(new Error("disk")),
    };
    const failing = await serveWitness({ witness: { ...deps(), store: broken }, origins: [log.origin], port: 0 });
    const body = `old 0\n\n${log.note(9)}`;
    const reply = await fetch(`${failing.url}/add-checkpoint`, { method: "POST", body });
    expect([reply.status, await reply.text()]).toEqual([500, expect.not.stringContaining("disk")]);
    const hash = toHex(native.sha256(utf8(log.origin)));
    expect((await fetch(`${failing.url}/logs/${hash}/checkpoint`)).status).toBe(500);
    await failing.stop();
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(`POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length + 9}\r\n\r\n${body}`);
      setTimeout(() => socket.destroy(), 20);
    });
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await fetch(`${server.url}/`)).status).toBe(200);
  });

  it("is asked at its prefix, and failures have names", async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      if (request.url?.startsWith("/slow") === true) return;
      response.writeHead(request.url?.startsWith("/moved") === true ? 302 : 200, { location: server.url });
      response.end(request.url?.startsWith("/large") === true ? "x".repeat(100_000) : "x\n");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    expect(await httpWitness(`${url}/w1/`)("a")).toEqual({ status: 200, body: "x\n" });
    expect(await httpWitness(url)("a")).toEqual({ status: 200, body: "x\n" });
    expect(seen).toEqual(["POST /w1/add-checkpoint", "POST /add-checkpoint"]);
    await expect(httpWitness(`${url}/slow`, { timeoutMs: 50 })("a")).rejects.toMatchObject({ code: "gateway/timeout" });
    await expect(httpWitness(`${url}/large`)("a")).rejects.toMatchObject({ code: "gateway/too-large" });
    await expect(httpWitness(`${url}/moved`)("a")).rejects.toMatchObject({ code: "gateway/unreachable" });
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    await expect(httpWitness(url)("a")).rejects.toMatchObject({ code: "gateway/unreachable" });
    for (const bad of ["ftp://x", "nonsense", "http://x/?q"]) {
      expect(() => httpWitness(bad)).toThrow(expect.objectContaining({ code: "gateway/bad-address" }));
    }
  });
});

it("a server of a log shows its witnessed checkpoint, and cosigns where it is a witness", async () => {
  const running = await runningLog();
  const { engine } = running;
  const other = new TestLog(native).grow(9);
  let note: string | undefined;
  const witness = {
    primitives: native,
    clock: new TestClock(),
    cosigner: cosigner(native, "nord", new Uint8Array(32).fill(5)),
    store: new MemoryWitnessStore(),
    logKeys: () => [other.verifier],
  };
  const server = await serveLog({ reader: engine, primitives: native, port: 0, witnessed: () => note, witness });
  try {
    expect((await fetch(`${server.url}/witnessed`)).status).toBe(404);
    note = "a note";
    expect(await (await fetch(`${server.url}/witnessed`)).text()).toBe("a note");
    const body = `old 0\n\n${other.note()}`;
    expect((await fetch(`${server.url}/add-checkpoint`, { method: "POST", body })).status).toBe(200);
    const mine = await engine.checkpoint();
    const tiles = httpFetcher(server.url);
    const seen = { size: 300, root: new Uint8Array(32) };
    expect((await relate(native, seen, mine, (path) => tiles.tile(path))).kind).toBe("forked");
    expect((await handleAddCheckpoint(witness, utf8(body))).status).toBe(409);
  } finally {
    await server.stop();
    await running.dispose();
  }
});
