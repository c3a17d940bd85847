/** The member that orders: serves the signed checkpoint behind each block, promises, cosigns itself and collects the others. */

import { utf8 } from "@anamnesis/core";
import type { LedgerReader } from "@anamnesis/embedded";
import {
  type AskWitness,
  type Engine,
  handleAddCheckpoint,
  parseNote,
  type SignedTransaction,
  signPromise,
  withSignatures,
} from "@anamnesis/ledger";
import { type Folder, logSeed } from "../folder/folder.ts";
import { openLog } from "../ledger.ts";
import { primitives, systemClock } from "../system.ts";
import { SqliteWitnessStore } from "../witness-store.ts";
import { NOTES_PAGE, type Peers, type RunningMember, type Submitted } from "./member.ts";
import { memberWitness } from "./member-witness.ts";
import { SealStore } from "./seal-store.ts";
import { Sealing } from "./sealing.ts";

export interface Ordering extends RunningMember {
  stop(): Promise<void>;
}

/** A promise is given when the transaction is final, so it cannot fail but by a log that is rewritten; time for clocks to differ. */
const PROMISE_MS = 60_000;

/** @throws AnamnesisError `node/bad-key-file`, `node/no-access`, `node/damaged-memory`, what opening the log throws */
export async function startOrdering(folder: Folder, engine: Engine, peers: Peers | undefined): Promise<Ordering> {
  const log = await openLog(folder);
  const cosignatures = new SqliteWitnessStore(folder.layout.cosigned);
  const store = new SealStore(folder.layout.seals, folder.genesis);
  const witness = memberWitness(folder, cosignatures, {
    reach: async (size) => (await log.checkpoint()).size >= size,
    rootAt: (size) => log.rootAt(size),
  });
  const own: AskWitness = (body) => handleAddCheckpoint(witness, utf8(body));
  const stop = new AbortController();
  const addresses = new Map(folder.config.members.map(({ id, url }) => [id, url]));
  const ask = (id: Parameters<typeof addresses.get>[0]): AskWitness | undefined => {
    if (id === folder.config.organisation) return own;
    const url = addresses.get(id);
    return url === undefined ? undefined : peers?.ask(url, stop.signal);
  };
  const sealing = peers === undefined ? undefined : new Sealing({ reader: log, store, ask: ({ id }) => ask(id) });
  return {
    ...{ role: "orders", witness, follow: () => undefined, seals: () => sealing?.state },
    ...servedFrom(log, store),
    submit: promising(folder, engine),
    async stop() {
      stop.abort();
      await sealing?.stop();
      cosignatures.close();
      store.close();
      await log.close();
    },
  };
}

/** What orderer and follower serve alike. */
export function servedFrom(
  log: Pick<LedgerReader, "notes">,
  store: SealStore,
): Pick<RunningMember, "notes" | "cosigned" | "sealed" | "links"> {
  return {
    notes: (sequence) => log.notes(sequence, NOTES_PAGE),
    cosigned(note) {
      const sealed = store.sealed()?.note;
      if (sealed === undefined || parseNote(sealed).text !== parseNote(note).text) return note;
      return withSignatures(note, parseNote(sealed).signatures);
    },
    sealed: (epoch) => store.sealed(epoch),
    get links() {
      return store.links;
    },
  };
}

function promising(folder: Folder, engine: Engine): (tx: SignedTransaction) => Promise<Submitted> {
  const sign = primitives.ed25519Signer(logSeed(folder));
  const { chain } = folder.config;
  return async (tx) => {
    const acceptedMs = systemClock.now();
    const receipt = await engine.submit(tx);
    const keyId = tx.signatures[0]?.keyId ?? new Uint8Array(16);
    const byMs = Math.max(acceptedMs, receipt.time) + PROMISE_MS;
    const { nonce } = tx.transaction;
    return { receipt, promise: signPromise(sign, { chain, transaction: tx.id, keyId, nonce, acceptedMs, byMs }) };
  };
}
