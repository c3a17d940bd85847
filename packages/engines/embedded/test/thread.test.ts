import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { attachingConformance, engineConformance, type MakeAttaching } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLedger, openEmbedded, serveEngine, verifyLedger } from "../src/index.ts";
import { remoteEngine } from "../src/thread/remote.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

/** The two sides over a channel within one thread: the same messages, without waiting for a thread to start. */
async function connected(opening: Parameters<typeof openEmbedded>[0]) {
  const { port1, port2 } = new MessageChannel();
  void serveEngine(port2, () => openEmbedded(opening));
  return await remoteEngine(port1, opening, async () => port1.close());
}

const make: MakeAttaching = async ({ logSeed, ...options }) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-embedded-"));
  const opening = { ...options, dir, logSigner: logSeed };
  await createLedger(opening);
  let engine = await connected(opening);
  return {
    get engine() {
      return engine;
    },
    async restart() {
      await engine.close();
      engine = await connected(opening);
    },
    verify: () => verifyLedger(opening),
    async dispose() {
      await engine.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

engineConformance("embedded, in a thread", native, make);
attachingConformance("embedded, in a thread", native, make);

describe("an engine in a thread", () => {
  const folder = temporaryFolder();
  let ledger: TestLedger;
  beforeEach(() => {
    ledger = new TestLedger();
  });
  afterEach(folder.remove);

  it("says why its ledger cannot be opened", async () => {
    const opening = { ...ledger.options(folder.dir), clock: ledger.clock };
    expect(codeOf(await connected(opening).catch((error: unknown) => error))).toBe("ledger/no-ledger");
  });

  it("that ends by itself leaves nobody waiting", async () => {
    await ledger.create(folder.dir);
    const { port1, port2 } = new MessageChannel();
    const never = new Promise<never>(() => undefined);
    void serveEngine(port2, async () => {
      const engine = await ledger.open(folder.dir);
      const { genesis } = engine;
      return { ...engine, genesis, subscribe: () => undefined, health: () => never, close: () => engine.close() };
    });
    const remote = await remoteEngine(port1, ledger.options(folder.dir), async () => undefined);
    const waiting = remote.health().catch(codeOf);
    port2.close();
    expect(await waiting).toBe("ledger/closed");
    expect(await remote.receipt(new Uint8Array(32)).catch(codeOf)).toBe("ledger/closed");
  });
});
