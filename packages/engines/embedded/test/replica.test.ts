import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { engineConformance } from "@anamnesis/ledger/conformance";
import { verifyLedger } from "../src/index.ts";
import { Pair } from "./replica-support.ts";

engineConformance("follower", native, async ({ genesis, contract, logSeed, clock }) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-replica-"));
  const pair = await Pair.open({ dir, genesis, contract, logSeed, clock });
  return {
    get engine() {
      return pair.engine;
    },
    restart: () => pair.restart(),
    verify: () => verifyLedger({ dir: join(dir, "replica"), genesis, contract, primitives: native }),
    async dispose() {
      await pair.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
