/** A founded chain with two members, and everything to write transactions to it. Deterministic: seeds are constants. */
import { toHex } from "@anamnesis/core";
import { type Primitives, type Signer, signerFromSeed } from "@anamnesis/crypto";
import { encodeEvent, type Genesis, type SignedTransaction, signTransaction, type Transaction } from "../src/index.ts";
import type { TestKind } from "./contract.ts";
import { founded } from "./founding.ts";

const SEEDS = { member: 1, log: 2, stranger: 3, other: 4 } as const;
const GENESIS_TIME_MS = 1_700_000_000_000;
/** Seconds; every test clock stays below it. */
export const FAR_EXPIRY = 4_000_000_000;

/** A clock that tests move. */
export class TestClock {
  ms = GENESIS_TIME_MS + 1000;
  now(): number {
    return this.ms;
  }
}

export class Fixture {
  readonly primitives: Primitives;
  readonly member: Signer;
  /** A second member. */
  readonly other: Signer;
  readonly stranger: Signer;
  readonly logSeed = new Uint8Array(32).fill(SEEDS.log);
  readonly genesis: Genesis;
  #nonce = 0;

  constructor(primitives: Primitives) {
    this.primitives = primitives;
    this.member = signerFromSeed(primitives, "INTL-1", new Uint8Array(32).fill(SEEDS.member));
    this.other = signerFromSeed(primitives, "INTL-1", new Uint8Array(32).fill(SEEDS.other));
    this.stranger = signerFromSeed(primitives, "INTL-1", new Uint8Array(32).fill(SEEDS.stranger));
    this.genesis = founded(primitives, {
      chain: "conformance",
      time: GENESIS_TIME_MS,
      organisations: [
        { id: "nord", name: "Hospital Nord", signer: this.member },
        { id: "ost", name: "Hospital Ost", signer: this.other },
      ],
      logKey: primitives.ed25519PublicKey(this.logSeed),
    });
  }

  get memberKeyHex(): string {
    return toHex(this.member.keyId);
  }

  /** A signed command with the next nonce; `change` replaces fields before signing. */
  command(
    kind: TestKind,
    name: string,
    options: { value?: Uint8Array; events?: number; change?: Partial<Transaction>; signers?: readonly Signer[] } = {},
  ): SignedTransaction {
    const { value = new Uint8Array([1]), events = 0, change = {}, signers = [this.member] } = options;
    const nonce = ++this.#nonce;
    const transaction = {
      chain: this.genesis.chain,
      kind,
      nonce,
      expires: FAR_EXPIRY,
      body: [name, kind === "test.delete" ? null : value],
      ...change,
    };
    return signTransaction(this.primitives, transaction, signers, this.events(events, nonce));
  }

  /** Event leaves, all different. */
  events(count: number, seed: number): Uint8Array[] {
    return Array.from({ length: count }, (_, i) =>
      encodeEvent({
        kind: "update",
        source: "ehr",
        table: new Uint8Array(8).fill(1),
        row: new Uint8Array(16).fill(i),
        schema: new Uint8Array(8).fill(2),
        commitment: new Uint8Array(32).fill(seed),
        lsn: BigInt(seed),
        ordinal: i + 1,
        xid: BigInt(seed),
        time: 1_700_000_000_000_000,
        actor: null,
        purpose: null,
      }),
    );
  }
}
