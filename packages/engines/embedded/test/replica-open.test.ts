import { existsSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { formatCheckpoint, formatNote, logOrigin, noteSigner, openCheckpoint } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLedger, createReplica, hasLedger, openReader, openReplica } from "../src/index.ts";
import { temporaryFolder } from "./support.ts";

describe("founding and opening a replica", () => {
  const { genesis, logSeed } = new Fixture(native);
  let folder: ReturnType<typeof temporaryFolder>;
  const options = (name: string) => ({
    ...{ dir: join(folder.dir, name), genesis, contract: testContract, primitives: native },
  });
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** The checkpoint behind the first block, as the log's own key signed it. */
  async function firstNote(): Promise<string> {
    const orderer = options("orderer");
    await createLedger({ ...orderer, logSigner: logSeed });
    const reader = await openReader(orderer);
    const { note } = await reader.checkpoint();
    await reader.close();
    return note;
  }

  it("says so when the folder holds no ledger", async () => {
    expect(await openReplica(options("empty")).then(() => "opened", codeOf)).toBe("ledger/no-ledger");
    expect(existsSync(options("empty").dir)).toBe(false);
  });

  it("keeps nothing of a log that begins otherwise than genesis says, though its key signed it", async () => {
    const note = await firstNote();
    const { size, root } = openCheckpoint(native, note, genesis);
    const origin = logOrigin(genesis.chain);
    const signer = noteSigner(native, origin, logSeed);
    for (const other of [
      { size, root: root.map((byte) => byte ^ 1) },
      { size: size + 1, root },
    ]) {
      const text = formatCheckpoint({ origin, ...other });
      const founding = createReplica(options("replica"), formatNote(text, [signer.sign(text)]));
      expect(await founding.then(() => "founded", codeOf)).toBe("ledger/bad-checkpoint");
      expect(hasLedger(options("replica").dir)).toBe(false);
    }
    await createReplica(options("replica"), note);
    const replica = await openReplica(options("replica"));
    expect((await replica.reader.checkpoint()).note).toBe(note);
    replica.close();
  });
});
