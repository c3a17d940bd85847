import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { attachingConformance, engineConformance, type MakeAttaching } from "@anamnesis/ledger/conformance";
import { createLedger, openEmbedded, verifyLedger } from "../src/index.ts";

const make: MakeAttaching = async ({ logSeed, ...options }) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-embedded-"));
  const opening = { ...options, dir, logSigner: logSeed };
  await createLedger(opening);
  let engine = await openEmbedded(opening);
  return {
    get engine() {
      return engine;
    },
    async restart() {
      await engine.close();
      engine = await openEmbedded(opening);
    },
    verify: () => verifyLedger(opening),
    async dispose() {
      await engine.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

engineConformance("embedded", native, make);
attachingConformance("embedded", native, make);
