/** Minding the promises that this member was given: one that the log has passed without keeping it convicts the orderer. */
import { asUint, decode, equal, isAnamnesisError, toHex } from "@anamnesis/core";
import type { Replica } from "@anamnesis/embedded";
import {
  actingKey,
  decodePromise,
  type Genesis,
  makeBrokenPromise,
  noncePath,
  promisedBy,
  provedState,
  type SealedState,
  type SignedTransaction,
} from "@anamnesis/ledger";
import { primitives } from "../system.ts";
import { convicting, type Found } from "./found.ts";
import type { OpenPromise, PromiseStore } from "./promise-store.ts";

export interface ReceivedOptions {
  readonly genesis: Genesis;
  readonly links: () => readonly SealedState[];
  readonly replica: Pick<Replica, "newest" | "reader">;
  readonly store: PromiseStore;
}

export class PromisesReceived {
  readonly #o: ReceivedOptions;

  constructor(options: ReceivedOptions) {
    this.#o = options;
  }

  /** Remembers it durably, if it is one: by the log's key, about this very transaction. */
  receive(promise: Uint8Array, tx: SignedTransaction): void {
    const { genesis, store } = this.#o;
    try {
      const signed = decodePromise(promise);
      const { transaction, keyId, nonce, byMs } = signed.promise;
      const fits =
        equal(transaction, tx.id) && equal(keyId, actingKey(tx.signatures)) && nonce === tx.transaction.nonce;
      if (!fits || !promisedBy(primitives, genesis.logKey, signed)) return;
      store.add({ id: tx.id, byMs, promise, transaction: new Uint8Array(0) });
    } catch (error) {
      // What is no promise promises nothing.
      if (!isAnamnesisError(error)) throw error;
    }
  }

  /** Of those whose time the replica has passed: forgets what was kept, and answers with what was not. */
  async due(): Promise<readonly Found[]> {
    const { store, replica } = this.#o;
    const found: Found[] = [];
    for (const open of store.due(replica.newest.time)) {
      const broken = await this.#judge(open);
      if (broken !== undefined) found.push(broken);
      store.delete(open.id);
    }
    return found;
  }

  async #judge({ promise, id }: OpenPromise): Promise<Found | undefined> {
    const { genesis, links, replica } = this.#o;
    const { keyId, nonce } = decodePromise(promise).promise;
    const proved = await replica.reader.read(noncePath(toHex(keyId)));
    const last = proved.value === undefined ? -1 : asUint(decode(proved.value, "nonce"), "nonce");
    if (last >= nonce) return undefined;
    const accuser = { primitives, genesis, links: links() };
    const evidence = makeBrokenPromise(accuser, promise, proved.checkpoint.note, provedState(proved));
    return convicting({ kind: "broken-promise", label: toHex(id).slice(0, 16), evidence });
  }
}
