import { join } from "node:path";
import { codeOf, toHex } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { type Contract, encodeMemberKey, memberKeyPath, type SignedTransaction } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbedded } from "../src/index.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

describe("what is let into the queue", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dir: string;
  let ledger: TestLedger;
  beforeEach(async () => {
    folder = temporaryFolder();
    dir = join(folder.dir, "ledger");
    ledger = new TestLedger();
    await ledger.create(dir);
  });
  afterEach(() => folder.remove());

  const outcome = async (given: SignedTransaction): Promise<string | undefined> => {
    const engine = await ledger.open(dir);
    const code = await engine.submit(given).then(() => "final", codeOf);
    expect((await engine.health()).status).toBe("ok");
    await engine.close();
    return code;
  };

  it("is known by its bytes, not by the id that somebody puts beside them", async () => {
    const tx = ledger.fixture.command("test.put", "a");
    expect(await outcome({ ...tx, id: new Uint8Array(32) })).toBe("ledger/malformed");
  });

  it("is not decided by a forged copy that came first", async () => {
    const engine = await ledger.open(dir);
    const tx = ledger.fixture.command("test.put", "a");
    const signatures = tx.signatures.map((each) => ({ ...each, signature: new Uint8Array(64) }));
    const forged = engine.submit({ ...tx, signatures }).then(() => "final", codeOf);
    expect(await engine.submit(tx).then(() => "final", codeOf)).toBe("final");
    expect(await forged).toBe("ledger/bad-signature");
    await engine.close();
  });

  it.each([
    [65_535, "final"],
    [65_536, "ledger/too-large"],
  ])("has attachments that fit into a leaf: %i bytes, %s", async (bytes, code) => {
    const tx = ledger.fixture.command("test.put", "a");
    expect(await outcome({ ...tx, attachments: [new Uint8Array(bytes)] })).toBe(code);
  });

  it.each([
    [0, "ledger/malformed"],
    [1, "ledger/unknown-key"],
    [16, "ledger/unknown-key"],
    [17, "ledger/malformed"],
  ])("has one to 16 signatures: with %i of strangers it is %s", async (count, code) => {
    const seedOf = (i: number) => new Uint8Array(32).fill(100 + i);
    const signers = Array.from({ length: 17 }, (_, i) => signerFromSeed(native, "INTL-1", seedOf(i)));
    const tx = ledger.fixture.command("test.put", "a", { signers });
    expect(await outcome({ ...tx, signatures: tx.signatures.slice(0, count) })).toBe(code);
  });

  it.each([
    ["right", "final"],
    ["wrong", "ledger/bad-signature"],
  ])("may be signed by a key that the block itself adds: a %s signature is %s", async (kind, code) => {
    const { member, stranger } = ledger.fixture;
    const adding: Contract = {
      ...testContract,
      handle(context, tx) {
        context.put(memberKeyPath(toHex(stranger.keyId)), encodeMemberKey("INTL-1", stranger.publicKey, "nord"));
        return testContract.handle(context, tx);
      },
    };
    const engine = await openEmbedded({ ...ledger.options(dir), contract: adding, clock: ledger.clock });
    const first = engine.submit(ledger.fixture.command("test.put", "a", { signers: [member] }));
    const tx = ledger.fixture.command("test.put", "b", { signers: [stranger] });
    const flip = (bytes: Uint8Array) =>
      kind === "right" ? bytes : bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte));
    const signatures = tx.signatures.map((each) => ({ ...each, signature: flip(each.signature) }));
    const second = engine.submit({ ...tx, signatures }).then(() => "final", codeOf);
    const { sequence } = await first;
    expect(await second).toBe(code);
    expect((await engine.health()).sequence).toBe(sequence);
    await engine.close();
  });
});
