/** A ledger of several organisations on the real engine and the real contract, with everybody's keys at hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Action,
  contract,
  ed25519Key,
  encodeBatchBody,
  PROPOSE_KIND,
  possessionMessage,
  proposeBody,
  ROTATE_COSIGNER_KIND,
  readProposalCount,
  rotateCosignerBody,
  VOTE_KIND,
  voteBody,
} from "@anamnesis/contracts";
import { type Cbor, orgId, sourceId, toHex, utf8 } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import {
  cosigner,
  cosignerName,
  decodeMemberSet,
  type Engine,
  encodeEvent,
  formatNote,
  type Genesis,
  leafHashes,
  MEMBER_SET,
  type MemberSet,
  parseNote,
  type SignedTransaction,
  signTransaction,
  treeHash,
} from "@anamnesis/ledger";
import { cosignerSeed, founded, founderSigner } from "@anamnesis/ledger/conformance";
import { primitives as p } from "../src/index.ts";

const CHAIN = "alliance";
export const LOG_SEED = new Uint8Array(32).fill(5);
const EXPIRES = 4_000_000_000;

const seedOf = (name: string): Uint8Array => p.sha256(utf8(`sealed proof: ${name}`));
export const cosignKey = (name: string): Signer => signerFromSeed(p, "INTL-1", seedOf(`${name} cosigns`));
const signKey = (name: string): Signer => signerFromSeed(p, "INTL-1", seedOf(`${name} signs`));

/** A member as it acts: changing a key replaces it here too. */
interface Actor {
  signer: Signer;
  cosignSeed: Uint8Array;
}

export class Consortium {
  readonly genesis: Genesis;
  readonly root = mkdtempSync(join(tmpdir(), "anamnesis-consortium-"));
  readonly #actors = new Map<string, Actor>();
  /** Newest of each key, by its id in hex. */
  readonly #nonces = new Map<string, number>();
  #engine: Engine | undefined;
  #ordinal = 0;
  timeMs = 1_700_000_000_000;

  constructor(founders: readonly string[]) {
    const logKey = p.ed25519PublicKey(LOG_SEED);
    this.genesis = founded(p, { chain: CHAIN, time: this.timeMs, organisations: founders, logKey });
    for (const id of founders) this.#actors.set(id, { signer: founderSigner(p, id), cosignSeed: cosignerSeed(p, id) });
  }

  async open(): Promise<void> {
    const options = { dir: join(this.root, "ledger"), genesis: this.genesis, primitives: p, contract };
    await createLedger({ ...options, logSigner: LOG_SEED });
    const clock = { now: () => (this.timeMs += 1000) };
    this.#engine = await openEmbedded({ ...options, logSigner: LOG_SEED, clock });
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    rmSync(this.root, { recursive: true });
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new TypeError("open it first");
    return this.#engine;
  }

  async set(): Promise<MemberSet> {
    return decodeMemberSet((await this.engine.read(MEMBER_SET)).value ?? new Uint8Array(0));
  }

  submit(id: string, kind: string, body: Cbor, attachments: readonly Uint8Array[] = []) {
    return this.engine.submit(this.signed(id, kind, body, attachments));
  }

  /** Proposed by the first, voted for by the others. */
  async carry(action: Action, [proposer = "", ...voters]: readonly string[]): Promise<void> {
    const state = new Map<string, Uint8Array>();
    const { value } = await this.engine.read("proposal-count");
    if (value !== undefined) state.set("proposal-count", value);
    const number = readProposalCount(state);
    await this.submit(proposer, PROPOSE_KIND, proposeBody(action));
    for (const voter of voters) await this.submit(voter, VOTE_KIND, voteBody(number, true));
  }

  async join(id: string, voters: readonly string[]): Promise<void> {
    const organisation = { id: orgId(id), name: id, ...this.#newKeys(id) };
    await this.carry({ type: "join", organisation, proofs: this.#proofs(id) }, voters);
  }

  async recover(id: string, voters: readonly string[]): Promise<void> {
    const keys = this.#newKeys(id);
    await this.carry({ type: "recover", id: orgId(id), keys, proofs: this.#proofs(id) }, voters);
  }

  async rotate(id: string): Promise<void> {
    const key = cosignKey(id);
    await this.submit(id, ROTATE_COSIGNER_KIND, rotateCosignerBody(key.publicKey, this.#proof(id, "cosign", key)));
    this.#actor(id).cosignSeed = seedOf(`${id} cosigns`);
  }

  /** An event of a source of this organisation. @returns its log index */
  async event(id: string): Promise<number> {
    this.#ordinal++;
    const lsn = BigInt(this.#ordinal);
    const leaf = encodeEvent({
      kind: "create",
      source: `ehr-${id}`,
      table: new Uint8Array(8).fill(1),
      row: new Uint8Array(16).fill(this.#ordinal),
      schema: new Uint8Array(8),
      commitment: new Uint8Array(32).fill(this.#ordinal),
      lsn,
      ordinal: 1,
      xid: lsn,
      time: 1_700_000_000_000_000,
      actor: null,
      purpose: null,
    });
    const body = encodeBatchBody({
      source: sourceId(`ehr-${id}`),
      incarnation: new Uint8Array(8),
      from: { lsn: 0n, ordinal: 0 },
      to: { lsn, ordinal: 1 },
      count: 1,
      root: treeHash(p, leafHashes(p, [leaf])),
    });
    return (await this.submit(id, "events.batch", body, [leaf])).index + 1;
  }

  /** The newest checkpoint with the cosignatures of these members; a seed stands for a key of another time. */
  async note(
    cosigners: readonly string[],
    seeds: Readonly<Record<string, Uint8Array>> = {},
    seconds = this.timeMs / 1000,
  ): Promise<string> {
    const { note } = await this.engine.checkpoint();
    const { text, signatures } = parseNote(note);
    const lines = cosigners.map((id) => {
      const seed = seeds[id] ?? this.cosignSeed(id);
      return cosigner(p, cosignerName(this.genesis.chain, orgId(id)), seed).cosign(text, seconds);
    });
    return formatNote(text, [...signatures, ...lines]);
  }

  cosignSeed(id: string): Uint8Array {
    return this.#actor(id).cosignSeed;
  }

  /** The organisation's next transaction, not submitted. */
  signed(id: string, kind: string, body: Cbor, attachments: readonly Uint8Array[] = []): SignedTransaction {
    const { signer } = this.#actor(id);
    const nonce = (this.#nonces.get(toHex(signer.keyId)) ?? 0) + 1;
    this.#nonces.set(toHex(signer.keyId), nonce);
    const tx = { chain: this.genesis.chain, kind, nonce, expires: EXPIRES, body };
    return signTransaction(p, tx, [signer], attachments);
  }

  #actor(id: string): Actor {
    const actor = this.#actors.get(id);
    if (actor === undefined) throw new TypeError(`nobody is called ${id}`);
    return actor;
  }

  /** Keys that replace whatever the organisation had. */
  #newKeys(id: string) {
    const signer = signKey(id);
    this.#actors.set(id, { signer, cosignSeed: seedOf(`${id} cosigns`) });
    return { keys: [{ suite: signer.suite, publicKey: signer.publicKey }], cosigner: cosignKey(id).publicKey };
  }

  #proofs(id: string) {
    return { keys: [this.#proof(id, "sign", signKey(id))], cosigner: this.#proof(id, "cosign", cosignKey(id)) };
  }

  #proof(organisation: string, use: "sign" | "cosign", signer: Signer): Uint8Array {
    const key = use === "sign" ? { suite: signer.suite, publicKey: signer.publicKey } : ed25519Key(signer.publicKey);
    return signer.sign(possessionMessage(p, { chain: this.genesis.chain, organisation, use, key }));
  }
}
