/** A chain in memory: the state as a map, blocks executed one by one. Nonces rise by themselves. */
import { contract } from "@anamnesis/contracts";
import { type Cbor, chainId } from "@anamnesis/core";
import type { Signer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  type Contract,
  type Execution,
  executeBlock,
  executeGenesis,
  type Genesis,
  type Policy,
  type SignedTransaction,
  signTransaction,
} from "@anamnesis/ledger";
import { founded, founderSigner } from "@anamnesis/ledger/conformance/founding";

export const CHAIN = chainId("test");
const FAR_EXPIRY = 4_000_000_000;
export const LOG_SEED = new Uint8Array(32).fill(200);
export const LOG_KEY = native.ed25519PublicKey(LOG_SEED);

export class TestChain {
  readonly state = new Map<string, Uint8Array>();
  readonly genesis: Genesis;
  readonly #contract: Contract;
  /** Agreed time of the next block, ms. */
  time = 1_000_000;
  sequence = 0;
  #nonce = 0;

  constructor(organisations: readonly string[], policy: Partial<Policy> = {}, contractUsed: Contract = contract) {
    this.#contract = contractUsed;
    this.genesis = founded(native, { chain: CHAIN, time: 1, organisations, logKey: LOG_KEY, policy });
    this.#keep(executeGenesis(this.host, this.genesis));
  }

  get host() {
    return { primitives: native, contract: this.#contract, chain: CHAIN, state: this.state };
  }

  block(...transactions: SignedTransaction[]): Execution {
    const run = executeBlock(this.host, { sequence: ++this.sequence, time: this.time, transactions });
    this.#keep(run);
    return run;
  }

  /** Signed by a founder's key, or by whatever key is given. */
  sign(by: string | Signer, kind: string, body: Cbor, attachments: readonly Uint8Array[] = []): SignedTransaction {
    const signer = typeof by === "string" ? founderSigner(native, by) : by;
    const transaction = { chain: CHAIN, kind, nonce: ++this.#nonce, expires: FAR_EXPIRY, body };
    return signTransaction(native, transaction, [signer], attachments);
  }

  /** One block of one command: `accepted` or the refusal's code. */
  run(by: string | Signer, kind: string, body: Cbor, attachments: readonly Uint8Array[] = []): string {
    return outcomes(this.block(this.sign(by, kind, body, attachments)))[0] ?? "nothing";
  }

  #keep({ changes }: Execution): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.state.delete(key);
      else this.state.set(key, value);
    }
  }
}

export const outcomes = ({ results }: Execution): string[] =>
  results.map((result) => (result.accepted ? "accepted" : result.refusal.code));
