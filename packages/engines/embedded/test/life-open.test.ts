import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { logOrigin, noteSigner } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLedger, openEmbedded, openReader } from "../src/index.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

describe("opening a folder", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dir: string;
  const ledger = new TestLedger();
  beforeEach(() => {
    folder = temporaryFolder();
    dir = join(folder.dir, "ledger");
  });
  afterEach(() => folder.remove());

  it("says so when it holds no ledger", async () => {
    const codes = async () => [
      await ledger.open(dir).then(() => "opened", codeOf),
      await openReader({ dir, primitives: native }).then(() => "opened", codeOf),
    ];
    expect(await codes()).toEqual(["ledger/no-ledger", "ledger/no-ledger"]);
    mkdirSync(dir);
    expect(await codes()).toEqual(["ledger/no-ledger", "ledger/no-ledger"]);
  });

  it("takes a signer in the place of the log's seed, and none with another key", async () => {
    const { logSeed, genesis } = ledger.fixture;
    const signerOf = (seed: Uint8Array) => noteSigner(native, logOrigin(genesis.chain), seed);
    const options = { ...ledger.options(dir), clock: ledger.clock, logSigner: signerOf(logSeed) };
    await createLedger(options);
    const stranger = { ...options, logSigner: signerOf(new Uint8Array(32).fill(9)) };
    await expect(openEmbedded(stranger)).rejects.toMatchObject({ code: "ledger/unknown-key" });
    const engine = await openEmbedded(options);
    await engine.submit(ledger.fixture.command("test.put", "a"));
    await engine.close();
    expect((await ledger.verify(dir)).problems).toEqual([]);
  });

  it("gives out no wider a tile than the tree has", async () => {
    await ledger.create(dir);
    const engine = await ledger.open(dir);
    await engine.submit(ledger.fixture.command("test.emit", "a", { events: 600 }));
    const width = async (path: string) => (await engine.tile(path))?.length;
    expect(await width("tile/0/000")).toBe(256 * 32);
    expect(await width("tile/1/000.p/2")).toBe(2 * 32);
    expect(await width("tile/1/000.p/3")).toBeUndefined();
    await engine.close();
  });
});
