/**
 * Giving promises and keeping them (spec/log.md, "Promise"). A transaction without attachments that would be executed as the ledger
 * stands is promised at once, and settled by the promised time, whatever comes: executed, or refused in the log itself by
 * `ledger.refuse`. What a crash leaves open is settled before anything else is ordered, at a time that lies before all promises.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { contract } from "@anamnesis/contracts";
import { asUint, type ChainId, type Clock, codeOf, decode, toHex } from "@anamnesis/core";
import type { Signer } from "@anamnesis/crypto";
import type { LedgerReader } from "@anamnesis/embedded";
import {
  actingKey,
  decodeSigned,
  type Engine,
  encodeSigned,
  executeBlock,
  knownError,
  noncePath,
  REFUSABLE_BYTES_MAX,
  REFUSE_KIND,
  type Receipt,
  refuseBody,
  type SignedTransaction,
  signPromise,
  signTransaction,
} from "@anamnesis/ledger";
import { primitives } from "../system.ts";
import type { OpenPromise, PromiseStore } from "./promise-store.ts";

export interface PromiserOptions {
  readonly chain: ChainId;
  readonly engine: Pick<Engine, "submit">;
  readonly log: Pick<LedgerReader, "peek" | "hold" | "read">;
  readonly store: PromiseStore;
  /** Seed of the log's key, which signs promises. */
  readonly logSeed: Uint8Array;
  /** The organisation's key for transactions, which signs refusals. */
  readonly signer: Signer;
  readonly clock: Clock;
}

/** How long an honest orderer may take, and how soon a transaction expires that it makes no promise about. */
export const PROMISE_MS = 60_000;
const SHORTEST_MS = 5000;
const REFUSAL_LIFETIME_S = 600;
const NONCES_PER_MS = 1000;
const RETRY_MS = 200;
/** These pass: the transaction is submitted again. */
const PASSING: ReadonlySet<string> = new Set(["ledger/busy", "ledger/disk-full"]);

export class Promiser {
  readonly #o: PromiserOptions;
  readonly #sign: (message: Uint8Array) => Uint8Array;

  constructor(options: PromiserOptions) {
    this.#o = options;
    this.#sign = primitives.ed25519Signer(options.logSeed);
  }

  /** The promise before the work, durable here when it is returned; undefined where nothing can be promised yet. */
  accept(tx: SignedTransaction): OpenPromise | undefined {
    const { store } = this.#o;
    if (tx.attachments.length > 0) return undefined;
    const known = store.get(tx.id);
    if (known !== undefined) return known;
    const transaction = encodeSigned(tx);
    const acceptedMs = this.#o.clock.now();
    const byMs = Math.min(acceptedMs + PROMISE_MS, tx.transaction.expires * 1000 - 1);
    if (transaction.length > REFUSABLE_BYTES_MAX || byMs < acceptedMs + SHORTEST_MS) return undefined;
    if (!this.#wouldPass(tx, acceptedMs)) return undefined;
    const given = { id: tx.id, byMs, promise: this.promise(tx, acceptedMs, byMs), transaction };
    return this.#noted(given) ? given : undefined;
  }

  #noted(given: OpenPromise): boolean {
    try {
      return this.#o.store.add(given);
    } catch {
      // A disk that is full, say: what cannot be written down is not promised, and the engine says what is wrong.
      return false;
    }
  }

  promise(tx: SignedTransaction, acceptedMs: number, byMs: number): Uint8Array {
    const keyId = actingKey(tx.signatures);
    const { nonce } = tx.transaction;
    return signPromise(this.#sign, { chain: this.#o.chain, transaction: tx.id, keyId, nonce, acceptedMs, byMs });
  }

  /** What became of a promised transaction: final, or refused in the log. @throws AnamnesisError the refusal; `ledger/closed` leaves it open */
  async keep(tx: SignedTransaction): Promise<Receipt> {
    const { engine, store } = this.#o;
    for (;;) {
      try {
        const receipt = await engine.submit(tx);
        store.delete(tx.id);
        return receipt;
      } catch (error) {
        const code = codeOf(error) ?? "ledger/closed";
        if (code === "ledger/closed") throw error;
        if (code === "ledger/expired" || (!PASSING.has(code) && (await this.#refused(tx)))) {
          store.delete(tx.id);
          throw error;
        }
      }
      await sleep(RETRY_MS);
    }
  }

  /** Settles what a crash left open. @throws AnamnesisError `ledger/closed`, what the engine ends with */
  async keepAll(): Promise<void> {
    for (const { transaction } of this.#o.store.due()) {
      if (transaction.length === 0) continue;
      await this.keep(decodeSigned(primitives, transaction)).catch((error: unknown) => {
        // Refused, and that is settled too.
        if (knownError(error) === undefined || codeOf(error) === "ledger/closed") throw error;
      });
    }
  }

  /** Whether the log shows that nothing is owed any more; puts the refusal there if it has to. */
  async #refused(tx: SignedTransaction): Promise<boolean> {
    const { engine, log } = this.#o;
    const { value } = await log.read(noncePath(toHex(actingKey(tx.signatures))));
    if (value !== undefined && asUint(decode(value, "nonce"), "nonce") >= tx.transaction.nonce) return true;
    try {
      await engine.submit(this.#refusal(tx));
      return true;
    } catch (error) {
      if (knownError(error) === undefined || codeOf(error) === "ledger/closed") throw error;
      // It would be executed now, or our own nonce was overtaken: both are tried again.
      return false;
    }
  }

  #refusal(tx: SignedTransaction): SignedTransaction {
    const now = this.#o.clock.now();
    const frame = { chain: this.#o.chain, kind: REFUSE_KIND, nonce: now * NONCES_PER_MS, body: refuseBody(tx) };
    const expires = Math.floor(now / 1000) + REFUSAL_LIFETIME_S;
    return signTransaction(primitives, { ...frame, expires }, [this.#o.signer]);
  }

  /** A guess, so that hardly anything ever has to be refused in the log. */
  #wouldPass(tx: SignedTransaction, time: number): boolean {
    const { log, chain } = this.#o;
    const release = log.hold();
    try {
      const state = { get: (key: string) => log.peek(key) };
      const { results } = executeBlock(
        { primitives, contract, chain, state },
        { sequence: 1, time, transactions: [tx] },
      );
      return results[0]?.accepted === true;
    } finally {
      release();
    }
  }
}
