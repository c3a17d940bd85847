// A monitor as somebody outside runs it, against a log that shows one face to it and another to a peer.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { genesisToJson } from "@anamnesis/ledger";
import { Fixture, TestLog } from "@anamnesis/ledger/conformance";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anamnesis, launch, says } from "./process.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-monitor-"));
const { genesis, logSeed } = new Fixture(native);
const genesisFile = join(dir, "genesis.json");
const servers: Server[] = [];

interface Shown {
  log: TestLog;
  readonly url: string;
}

/** A log over HTTP that shows whatever the test wants. */
async function show(log: TestLog): Promise<Shown> {
  const server = createServer((request, response) => void answer(request.url ?? "/", response));
  const self = { log, url: "" };
  const answer = async (path: string, response: { writeHead(s: number): void; end(b?: Uint8Array | string): void }) => {
    const tile = path.startsWith("/tile/") ? await self.log.tile(path.slice(1)) : undefined;
    const body = path === "/checkpoint" ? self.log.note() : path === "/genesis.json" ? genesisToJson(genesis) : tile;
    response.writeHead(body === undefined ? 404 : 200);
    response.end(body);
  };
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return Object.assign(self, { url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}` });
}

beforeAll(() => writeFileSync(genesisFile, genesisToJson(genesis)));
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(dir, { recursive: true, force: true });
});

const truth = new TestLog(native, "anamnesis/conformance", logSeed).grow(300);
const lie = () => truth.forkAt(100).grow(250, "other");
const watch = (url: string, ...more: readonly string[]) => ["monitor", "--url", url, "--genesis", genesisFile, ...more];

it("remembers what it was shown, convicts the log of its other face, and its evidence stands alone", async () => {
  const log = await show(truth);
  const home = join(dir, "m1");
  const once = [...watch(log.url, "--dir", home), "--once", "--json"];
  const clean = await anamnesis(once);
  expect([clean.code, JSON.parse(clean.out)]).toMatchObject([0, { size: 300, alarms: [], troubles: [] }]);
  log.log = lie();
  const caught = await anamnesis(once);
  expect(caught.code).toBe(1);
  const { alarms } = JSON.parse(caught.out) as { readonly alarms: readonly { readonly evidence: string }[] };
  expect(alarms).toMatchObject([{ kind: "fork", face: log.url, size: 350, against: 300 }]);
  const checked = await anamnesis(["proof", "check", alarms[0]?.evidence ?? "", "--json"]);
  expect([checked.code, checked.out]).toEqual([expect.any(Number), expect.stringContaining('"fork"')]);
  expect(checked.err).not.toContain("anamnesis:");
  log.log = truth.grow(100);
  const later = await anamnesis(once);
  expect([later.code, JSON.parse(later.out)]).toMatchObject([1, { standing: [{ kind: "fork" }], alarms: [{}] }]);
}, 300_000);

it("compares with what a peer was shown, while it follows, and says so in Chinese too", async () => {
  const [log, peer] = [await show(truth), await show(truth)];
  const args = watch(log.url, "--dir", join(dir, "m2"), "--peer", peer.url, "--every", "1");
  const child = launch(args);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await says(child, "400 leaves");
  peer.log = lie();
  const alarm = await says(child, "proof check");
  expect(alarm).toContain("the log has two faces");
  child.kill("SIGTERM");
  expect(await ended).toBe(1);
  const zh = await anamnesis([
    ...watch(log.url, "--dir", join(dir, "m3"), "--peer", peer.url),
    "--once",
    "--lang",
    "zh",
  ]);
  expect([zh.code, zh.out]).toEqual([1, expect.stringContaining("两副面孔")]);
}, 300_000);

it("says what it could not do", async () => {
  const gone = await anamnesis([...watch("http://127.0.0.1:9", "--dir", join(dir, "m4")), "--once", "--json"]);
  expect([gone.code, JSON.parse(gone.out)]).toMatchObject([2, { error: { code: "gateway/unreachable" } }]);
  const wrong = await anamnesis(watch("http://127.0.0.1:9", "--dir", join(dir, "m4"), "--least", "1"));
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("cli/usage")]);
  const log = await show(truth);
  const lone = [...watch(log.url, "--dir", join(dir, "m5")), "--once", "--json"];
  const key = "w.example/1+e49b0a06+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
  const unwitnessed = await anamnesis([...lone, "--witness", key]);
  expect([unwitnessed.code, JSON.parse(unwitnessed.out)]).toMatchObject([1, { alarms: [{ kind: "unwitnessed" }] }]);
}, 300_000);
