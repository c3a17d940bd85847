/**
 * Which events of a log count: those of batches that a key which the organisation had then signed for this chain, each whole,
 * none twice and none left out. So who orders the log, and signs its checkpoints, cannot speak for the organisation.
 */
import { BATCH_KIND, comparePositions, type Position, parseBatchBody, START } from "@anamnesis/contracts";
import { concat, equal, toHex } from "@anamnesis/core";
import { type Primitives, suiteOf } from "@anamnesis/crypto";
import {
  actingKey,
  decodeEventHead,
  decodeLeaf,
  type Genesis,
  isEventLeaf,
  type Leaf,
  ledgerError,
  type MemberKeyRecord,
  parseTransaction,
  signedMessage,
  transactionId,
  treeHash,
} from "@anamnesis/ledger";
import { concernsMembers, MemberKeys } from "./member-keys.ts";

type Command = Extract<Leaf, { type: "command" }>;

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
  readonly #organisation: string;
  readonly #keys: MemberKeys;
  /** The newest nonce that each key used: they rise, so a batch cannot be told again. */
  readonly #nonces = new Map<string, number>();
  readonly #positions = new Map<string, Position>();
  #open: Open | undefined;

  constructor(primitives: Primitives, genesis: Genesis, organisation: string) {
    this.#primitives = primitives;
    this.#chain = genesis.chain;
    this.#organisation = organisation;
    this.#keys = new MemberKeys(primitives, genesis);
  }

  /** At the end of the log. @throws AnamnesisError `ledger/unknown-key` when the organisation never was a member. */
  requireMember(): void {
    if (this.#keys.organisation(this.#organisation) !== undefined) return;
    throw ledgerError("ledger/unknown-key", "the organisation is not a member of this ledger");
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
    if (read.type === "block") this.#keys.block(read.sequence, read.time);
    if (read.type !== "command") return;
    const { bytes, signatures } = read;
    const transaction = parseTransaction(bytes);
    if (concernsMembers(transaction.kind)) {
      const id = transactionId(this.#primitives, actingKey(signatures), bytes);
      this.#keys.command({ id, bytes, transaction, signatures, attachments: [] });
      return;
    }
    for (const { keyId: id, signature } of signatures) {
      const key = this.#keys.find(this.#organisation, id);
      if (key === undefined) continue;
      this.#begin(key, toHex(id), read, signature);
      return;
    }
  }

  #begin(key: MemberKeyRecord, id: string, { bytes, signatures }: Command, signature: Uint8Array): void {
    const p = this.#primitives;
    const message = signedMessage(key.suite, transactionId(p, actingKey(signatures), bytes));
    if (!suiteOf(key.suite).verify(p, key.publicKey, message, signature)) {
      throw forged("the signature of a batch does not fit it");
    }
    const { chain, kind, nonce, body } = parseTransaction(bytes);
    if (chain !== this.#chain) throw forged("a batch was signed for another chain");
    if (nonce <= (this.#nonces.get(id) ?? -1)) throw forged("a batch stands in it twice");
    this.#nonces.set(id, nonce);
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
