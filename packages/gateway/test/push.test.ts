import { AnamnesisError } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LogServer, serveLog } from "../src/index.ts";
import { PUSH_BYTES_MAX } from "../src/push.ts";
import { type RunningLog, runningLog } from "./support.ts";

const TOKEN = "the-senders-token";

describe("pushing changes", () => {
  let log: RunningLog;
  let server: LogServer;
  let taken: string[];
  let problem: Error | undefined;
  beforeEach(async () => {
    log = await runningLog();
    taken = [];
    problem = undefined;
    const take = (body: string) => {
      if (problem !== undefined) throw problem;
      taken.push(body);
      return { accepted: 1 };
    };
    const push = (source: string) => (source === "labs" ? { token: TOKEN, take } : undefined);
    server = await serveLog({ reader: log.engine, primitives: native, port: 0, push });
  });
  afterEach(async () => {
    await server.stop();
    await log.dispose();
  });
  const post = (body: string | Uint8Array<ArrayBuffer>, token = TOKEN, source = "labs") =>
    fetch(`${server.url}/sources/${source}/debezium`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body,
    });

  it("hands the body over and says what became of it", async () => {
    const answer = await post('{"op": "c", "name": "Zoë"}');
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 1 }]);
    expect(taken).toEqual(['{"op": "c", "name": "Zoë"}']);
  });

  it("takes nothing without the token, and tells nobody which sources there are", async () => {
    const refused = [await post("{}", "wrong"), await post("{}", ""), await post("{}", TOKEN, "other")];
    expect(refused.map((answer) => answer.status)).toEqual([401, 401, 401]);
    expect(new Set(await Promise.all(refused.map((answer) => answer.text()))).size).toBe(1);
    expect(taken).toEqual([]);
  });

  it.each([
    ["capture/malformed-push", 422, null],
    ["capture/push-full", 503, "5"],
    ["capture/disk-full", 503, "5"],
  ])("says of %s whether sending again helps", async (code, status, retry) => {
    problem = new AnamnesisError(code, "what is wrong", {});
    const answer = await post("{}");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, retry]);
    expect(await answer.json()).toEqual({ error: { code, message: "what is wrong" } });
  });

  it("keeps a fault of its own to itself", async () => {
    problem = new Error("Ada Lovelace, born 1815");
    const answer = await post("{}");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("Ada");
  });

  it("refuses what is too large or no text", async () => {
    expect((await post(new Uint8Array(PUSH_BYTES_MAX + 1).fill(0x20))).status).toBe(413);
    expect((await post(new Uint8Array([0x7b, 0xff, 0x7d]))).status).toBe(400);
    expect(taken).toEqual([]);
  });

  it("takes posts nowhere else", async () => {
    expect((await fetch(`${server.url}/checkpoint`, { method: "POST", body: "{}" })).status).toBe(405);
    expect((await fetch(`${server.url}/sources/labs/debezium`)).status).toBe(404);
  });
});
