import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AnamnesisError, encode, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { openReader } from "@anamnesis/embedded";
import { encodeSigned, type SignedTransaction, signPromise } from "@anamnesis/ledger";
import { statePathOf } from "@anamnesis/ledger/conformance/contract";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followedLog, serveLog, submitOnce } from "../src/index.ts";
import { type RunningLog, runningLog } from "./support.ts";

const TOKEN = "members";

describe("submitting over HTTP", () => {
  let log: RunningLog;
  let server: Awaited<ReturnType<typeof serveLog>>;
  let promised: Uint8Array | null;
  let early: Uint8Array | undefined;
  let told: Uint8Array[];
  beforeEach(async () => {
    told = [];
    early = undefined;
    log = await runningLog(3);
    promised = null;
    server = await serveLog({
      reader: log.engine,
      primitives: native,
      port: 0,
      submit: {
        token: TOKEN,
        submit: async (transaction, onPromise) => {
          if (early !== undefined) onPromise(early);
          if (early !== undefined) await vi.waitUntil(() => told.length > 0, 60_000);
          return { receipt: await log.engine.submit(transaction), promise: promised };
        },
      },
    });
  });
  afterEach(async () => {
    await server.stop();
    await log.dispose();
  });

  const send = (tx: SignedTransaction, token = TOKEN) =>
    submitOnce({ url: server.url, token }, tx, AbortSignal.timeout(60_000), (promise) => told.push(promise));
  const post = (body: Uint8Array, token = TOKEN) =>
    fetch(`${server.url}/transactions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: new Uint8Array(body),
    });

  it("answers once the transaction is final, and again with the same", async () => {
    const tx = log.fixture.command("test.put", "there", { value: utf8("x") });
    const first = new Uint8Array(await (await post(encodeSigned(tx))).arrayBuffer());
    expect((await log.engine.read(statePathOf("there"))).value).toEqual(utf8("x"));
    const second = new Uint8Array(await (await post(encodeSigned(tx))).arrayBuffer());
    expect(second).toEqual(first);
    await send(tx);
    expect(told).toEqual([]);
  });

  it("hands on the orderer's promise", async () => {
    const tx = log.fixture.command("test.put", "a");
    const { chain } = log.fixture.genesis;
    const body = { chain, transaction: tx.id, keyId: log.fixture.member.keyId, nonce: 1, acceptedMs: 1, byMs: 2 };
    promised = signPromise(native.ed25519Signer(log.fixture.logSeed), body);
    await send(tx);
    expect(told).toEqual([promised]);
  });

  it("hands on a promise that is given before the outcome, and then the outcome", async () => {
    early = Uint8Array.of(1, 2, 3);
    await send(log.fixture.command("test.put", "early", { value: utf8("x") }));
    expect(told).toEqual([early]);
    expect((await log.engine.read(statePathOf("early"))).value).toEqual(utf8("x"));
    told = [];
    await expect(send(log.fixture.command("test.refuse", "a"))).rejects.toMatchObject({ code: "test/refused" });
    expect(told).toEqual([early]);
  });

  it.each([
    ["promise", "!", [2, 200, [1, [0, 1, 1, 1], null]]],
    ["outcome", "AQID", [3, 200, 0]],
    ["outcome", "AQID", 7],
  ])("does not take an unreadable %s for one", async (_, header, body) => {
    await server.stop();
    const odd = createServer((request, response) => {
      request.resume();
      response.writeHead(202, { "anamnesis-promise": header }).end(encode(body));
    });
    await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
    const { port } = odd.address() as AddressInfo;
    const tx = log.fixture.command("test.put", "a");
    const sent = submitOnce({ url: `http://127.0.0.1:${port}`, token: TOKEN }, tx, AbortSignal.timeout(60_000));
    await expect(sent).rejects.toMatchObject({ code: "gateway/bad-answer" });
    odd.closeAllConnections();
    odd.close();
  });

  it.each([
    ["ledger/nonce-repeated", { change: { nonce: 0 } }],
    ["ledger/unknown-kind", { change: { kind: "nobody.knows" } }],
    ["ledger/expired", { change: { expires: 1 } }],
  ])("hands on the refusal %s", async (code, change) => {
    await send(log.fixture.command("test.put", "a", { change: { nonce: 99 } }));
    await expect(send(log.fixture.command("test.put", "a", change))).rejects.toMatchObject({ code });
  });

  it("lets nobody in without the token, and reads nothing too large", async () => {
    const tx = log.fixture.command("test.put", "a");
    await expect(send(tx, "guessed")).rejects.toMatchObject({ code: "gateway/bad-answer" });
    expect((await post(encodeSigned(tx), "")).status).toBe(401);
    expect((await post(new Uint8Array(2_000_000))).status).toBe(413);
    expect((await post(utf8("not a transaction"))).status).toBe(422);
    expect((await fetch(`${server.url}/transactions`)).status).toBe(404);
  });

  it("answers what a quota refuses for now as something to send again", async () => {
    await server.stop();
    const refused = new AnamnesisError("events/over-quota", "the organisation's quota is used up: submit again in 3 s");
    server = await serveLog({
      ...{ reader: log.engine, primitives: native, port: 0 },
      submit: { token: TOKEN, submit: () => Promise.reject(refused) },
    });
    const tx = log.fixture.command("test.put", "a");
    const answer = await post(encodeSigned(tx));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    await expect(send(tx)).rejects.toMatchObject({ code: "events/over-quota" });
  });

  it("says that it cannot be reached, and that the queue is full, with codes that may be tried again", async () => {
    await server.stop();
    const tx = log.fixture.command("test.put", "a");
    await expect(send(tx)).rejects.toMatchObject({ code: "gateway/unreachable" });
    server = await serveLog({
      ...{ reader: log.engine, primitives: native, port: 0 },
      submit: {
        token: TOKEN,
        submit: () => Promise.reject(Object.assign(new Error("x"), { code: "no code of ours" })),
      },
    });
    await expect(send(tx)).rejects.toMatchObject({ code: "gateway/bad-answer" });
  });

  it("does not take an answer of something else for one of an orderer", async () => {
    await server.stop();
    server = await serveLog({ reader: log.engine, primitives: native, port: 0 });
    await expect(send(log.fixture.command("test.put", "a"))).rejects.toMatchObject({ code: "gateway/bad-answer" });
  });
});

describe("following over HTTP", () => {
  it("gives every tile and the signed checkpoint of each block, several at a time", async () => {
    const log = await runningLog(700);
    for (let i = 0; i < 4; i++) await log.engine.submit(log.fixture.command("test.emit", "b", { events: 200 }));
    const store = await openReader({ dir: join(log.dir, "ledger"), primitives: native });
    const consortium = {
      notes: (sequence: number) => store.notes(sequence, 256),
      cosigned: (note: string) => note,
      sealed: () => undefined,
      links: [],
      members: async () => ({}),
    };
    const options = { reader: log.engine, primitives: native, port: 0, entriesToken: TOKEN, consortium };
    const server = await serveLog(options);
    const remote = followedLog(server.url, { entriesToken: TOKEN });
    const { note } = await remote.checkpoint();
    expect(note).toBe((await log.engine.checkpoint()).note);
    for (const path of ["tile/0/000", "tile/0/001", "tile/entries/000", "tile/entries/005.p/249", "tile/1/000.p/5"]) {
      expect(await remote.tile(path)).toEqual(await log.engine.tile(path));
      expect(await remote.tile(path)).toEqual(await log.engine.tile(path));
    }
    expect(await remote.notes(0)).toEqual(store.notes(0, 256));
    expect((await remote.notes(3)).length).toBe(3);
    expect(await remote.notes(17)).toEqual([]);
    expect((await fetch(`${server.url}/sealed`)).status).toBe(404);
    await server.stop();
    await store.close();
    await log.dispose();
  });
});
