/** What captures in the benches. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openKeyStore, openProgress, runCapture, type Source } from "@anamnesis/capture";
import { openRowIndex } from "@anamnesis/capture/index";
import { contract } from "@anamnesis/contracts";
import { chainId, orgId, sourceId } from "@anamnesis/core";
import { type Handles, handles, type Primitives, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openInThread } from "@anamnesis/embedded";
import { founded } from "@anamnesis/ledger/conformance/founding";

const CHAIN = chainId("bench");
export const ORG = orgId("bench");
export const SOURCE = sourceId("ehr");
const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

export interface SourceBasics {
  readonly handles: Handles;
  readonly primitives: Primitives;
}

/** Ledger and stores of an organisation in a folder, with the engine in a thread, as a running node has it. */
export async function openOrganisation(dir: string, open: (options: SourceBasics) => Source) {
  mkdirSync(dir, { recursive: true });
  const signer = signerFromSeed(native, "INTL-1", seed(1));
  const log = signerFromSeed(native, "INTL-1", seed(2));
  const ledger = { dir: join(dir, "ledger"), primitives: native, contract, logSigner: seed(2) };
  const organisations = [{ id: ORG, name: "Bench", signer }];
  const genesis = founded(native, { chain: CHAIN, time: 1, organisations, logKey: log.publicKey });
  await createLedger({ ...ledger, genesis });
  const entry = new URL("./ledger-thread.ts", import.meta.url);
  const data = { dir: ledger.dir, logSigner: ledger.logSigner };
  const engine = await openInThread(entry, data, { dir: ledger.dir, primitives: native });
  const index = openRowIndex(join(dir, "index.db"), { source: SOURCE });
  const keystore = openKeyStore({ path: join(dir, "keys.db"), primitives: native });
  const progress = openProgress(join(dir, "progress.db"));
  const own = handles(native, seed(3));
  const source = open({ handles: own, primitives: native });
  return {
    source,
    engine,
    index,
    keystore,
    handles: own,
    async catchUp(): Promise<number> {
      const summary = await runCapture({
        ...{ source, engine, index, keystore, progress, signer, primitives: native, handles: own },
        ...{
          chain: CHAIN,
          organisation: ORG,
          sourceId: SOURCE,
          untilCaughtUp: true,
          signal: new AbortController().signal,
        },
      });
      return summary.events;
    },
    async close(): Promise<void> {
      await engine.close();
      index.close();
      keystore.close();
      progress.close();
    },
  };
}
