/**
 * Which events of a log count: those of batches that a key of the organisation signed for this chain, each whole, none
 * twice and none left out. So who orders the log, and signs its checkpoints, cannot speak for the organisation.
 */
import { BATCH_KIND, comparePositions, type Position, parseBatchBody, START } from "@anamnesis/contracts";
import { concat, equal } from "@anamnesis/core";
import { keyId, type Primitives, suiteOf } from "@anamnesis/crypto";
import {
  decodeEventHead,
  decodeLeaf,
  type Genesis,
  isEventLeaf,
  ledgerError,
  parseTransaction,
  signedMessage,
  transactionId,
  treeHash,
} from "@anamnesis/ledger";

interface Member {
  readonly id: Uint8Array;
  readonly suite: string;
  readonly publicKey: Uint8Array;
  /** The newest nonce it used: they rise, so a batch cannot be told again. */
  nonce: number;
}

interface Open {
  readonly source: string;
  readonly from: Position;
  readonly to: Position;
  readonly root: Uint8Array;
  readonly hashes: Uint8Array[];
  left: number;
}

export class SignedBatches {
  readonly #primitives: Primitives;
  readonly #chain: string;
  readonly #members: readonly Member[];
  readonly #positions = new Map<string, Position>();
  #open: Open | undefined;

  /** @throws AnamnesisError `ledger/unknown-key` when the organisation is not in the genesis document. */
  constructor(primitives: Primitives, genesis: Genesis, organisation: string) {
    this.#primitives = primitives;
    this.#chain = genesis.chain;
    const member = genesis.organisations.find((o) => o.id === organisation);
    if (member === undefined)
      throw ledgerError("ledger/unknown-key", "the organisation is not a member of this ledger");
    this.#members = member.keys.map(({ suite, publicKey }) => ({
      ...{ suite, publicKey, nonce: -1 },
      id: keyId(primitives, suiteOf(suite).id, publicKey),
    }));
  }

  /**
   * Takes the next leaf of the log with its hash; true for an event of a batch of ours.
   * @throws AnamnesisError `ledger/bad-signature` when the log holds what the organisation did not sign in its name.
   */
  counts(leaf: Uint8Array, hash: Uint8Array): boolean {
    if (isEventLeaf(leaf)) return this.#event(leaf, hash);
    if (this.#open !== undefined) throw forged("a batch is cut short");
    this.#command(leaf);
    return false;
  }

  #event(leaf: Uint8Array, hash: Uint8Array): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    if (open.hashes.length === 0) this.#continues(open, leaf);
    open.hashes.push(hash);
    if (--open.left > 0) return true;
    this.#open = undefined;
    if (!equal(treeHash(this.#primitives, concat(...open.hashes)), open.root)) {
      throw forged("the events of a batch are not those that were signed");
    }
    this.#positions.set(open.source, open.to);
    return true;
  }

  #command(leaf: Uint8Array): void {
    const read = decodeLeaf(leaf);
    if (read.type !== "command") return;
    for (const { keyId: id, signature } of read.signatures) {
      const member = this.#members.find((m) => equal(m.id, id));
      if (member === undefined) continue;
      this.#begin(member, read.bytes, signature);
      return;
    }
  }

  #begin(member: Member, bytes: Uint8Array, signature: Uint8Array): void {
    const p = this.#primitives;
    const message = signedMessage(member.suite, transactionId(p, bytes));
    if (!suiteOf(member.suite).verify(p, member.publicKey, message, signature)) {
      throw forged("the signature of a batch does not fit it");
    }
    const { chain, kind, nonce, body } = parseTransaction(bytes);
    if (chain !== this.#chain) throw forged("a batch was signed for another chain");
    if (nonce <= member.nonce) throw forged("a batch stands in it twice");
    member.nonce = nonce;
    if (kind !== BATCH_KIND) return;
    const { source, from, to, count, root } = parseBatchBody(body);
    if (count > 0) this.#open = { source, from, to, root, hashes: [], left: count };
  }

  /** A batch begins where the one before ended, unless its first event says that something was missed. */
  #continues({ source, from }: Open, first: Uint8Array): void {
    const { kind } = decodeEventHead(first);
    if (kind === "gap" || kind === "restored") return;
    if (comparePositions(from, this.#positions.get(source) ?? START) !== 0) {
      throw forged("a batch is left out");
    }
  }
}

const forged = (why: string) =>
  ledgerError("ledger/bad-signature", `the log does not hold what the organisation signed: ${why}`);
