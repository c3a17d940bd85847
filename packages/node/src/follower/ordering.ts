/** The member that orders: serves the signed checkpoint behind each block, promises, cosigns itself and collects the others. */

import { utf8 } from "@anamnesis/core";
import type { LedgerReader } from "@anamnesis/embedded";
import {
  type AskWitness,
  type Engine,
  handleAddCheckpoint,
  parseNote,
  type SignedTransaction,
  withSignatures,
} from "@anamnesis/ledger";
import { type Folder, logSeed, organisationSigner } from "../folder/folder.ts";
import { openLog } from "../ledger.ts";
import { systemClock } from "../system.ts";
import { SqliteWitnessStore } from "../witness-store.ts";
import { NOTES_PAGE, type Peers, type RunningMember, type Submitted } from "./member.ts";
import { memberWitness } from "./member-witness.ts";
import { PromiseStore } from "./promise-store.ts";
import { PROMISE_MS, Promiser } from "./promising.ts";
import { SealStore } from "./seal-store.ts";
import { Sealing } from "./sealing.ts";

export interface Ordering extends RunningMember {
  stop(): Promise<void>;
}

/** @throws AnamnesisError `node/bad-key-file`, `node/no-access`, `node/damaged-memory`, what opening the log throws */
export async function startOrdering(folder: Folder, engine: Engine, peers: Peers | undefined): Promise<Ordering> {
  const log = await openLog(folder);
  const cosignatures = new SqliteWitnessStore(folder.layout.cosigned);
  const store = new SealStore(folder.layout.seals, folder.genesis);
  const witness = memberWitness(folder, cosignatures, {
    reach: async (size) => (await log.checkpoint()).size >= size,
    rootAt: (size) => log.rootAt(size),
  });
  const promises = new PromiseStore(folder.layout.promises);
  const promiser = new Promiser({
    ...{ chain: folder.config.chain, engine, log, store: promises },
    ...{ logSeed: logSeed(folder), signer: organisationSigner(folder), clock: systemClock },
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
    ...{ role: "orders", witness, follow: () => undefined, seals: () => sealing?.state, withheld: () => undefined },
    ...servedFrom(log, store),
    submit: (tx, onPromise) => submitted(promiser, engine, tx, onPromise),
    async stop() {
      stop.abort();
      await sealing?.stop();
      cosignatures.close();
      store.close();
      promises.close();
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

async function submitted(
  promiser: Promiser,
  engine: Engine,
  tx: SignedTransaction,
  onPromise: (promise: Uint8Array) => void,
): Promise<Submitted> {
  const given = promiser.accept(tx);
  if (given !== undefined) {
    onPromise(given.promise);
    return { receipt: await promiser.keep(tx), promise: given.promise };
  }
  const acceptedMs = systemClock.now();
  const receipt = await engine.submit(tx);
  const byMs = Math.max(acceptedMs, receipt.time) + PROMISE_MS;
  return { receipt, promise: promiser.promise(tx, acceptedMs, byMs) };
}
