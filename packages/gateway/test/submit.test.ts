import { join } from "node:path";
import { utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { openReader } from "@anamnesis/embedded";
import { encodeSigned, type SignedTransaction, signPromise } from "@anamnesis/ledger";
import { statePathOf } from "@anamnesis/ledger/conformance/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { followedLog, serveLog, submitOnce } from "../src/index.ts";
import { type RunningLog, runningLog } from "./support.ts";

const TOKEN = "members";

describe("submitting over HTTP", () => {
  let log: RunningLog;
  let server: Awaited<ReturnType<typeof serveLog>>;
  let promised: Uint8Array | null;
  beforeEach(async () => {
    log = await runningLog(3);
    promised = null;
    server = await serveLog({
      reader: log.engine,
      primitives: native,
      port: 0,
      submit: {
        token: TOKEN,
        submit: async (transaction) => ({ receipt: await log.engine.submit(transaction), promise: promised }),
      },
    });
  });
  afterEach(async () => {
    await server.stop();
    await log.dispose();
  });

  const send = (tx: SignedTransaction, token = TOKEN) =>
    submitOnce({ url: server.url, token }, tx, AbortSignal.timeout(60_000));
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
    expect(await send(tx)).toEqual({ promise: undefined });
  });

  it("hands on the orderer's promise", async () => {
    const tx = log.fixture.command("test.put", "a");
    const { chain } = log.fixture.genesis;
    const body = { chain, transaction: tx.id, keyId: log.fixture.member.keyId, nonce: 1, acceptedMs: 1, byMs: 2 };
    promised = signPromise(native.ed25519Signer(log.fixture.logSeed), body);
    expect(await send(tx)).toEqual({ promise: promised });
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
