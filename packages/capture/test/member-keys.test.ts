/** A log read without its contract: whose keys count is followed through what the members decided. */
import {
  type Action,
  BATCH_KIND,
  encodeBatchBody,
  PROPOSE_KIND,
  proposeBody,
  provePossession,
  ROTATE_KEYS_KIND,
  rotateKeysBody,
  START,
  VOTE_KIND,
  voteBody,
} from "@anamnesis/contracts";
import { type Cbor, chainId, orgId, sourceId, utf8 } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { blockLeaf, commandLeaf, encodeEvent, leafHash, signTransaction, treeHash } from "@anamnesis/ledger";
import { founded, founderSigner } from "@anamnesis/ledger/conformance/founding";
import { beforeEach, describe, expect, it } from "vitest";
import { SignedBatches } from "../src/index/signed-batches.ts";

const chain = chainId("test");
const keyOf = (name: string): Signer => signerFromSeed(native, "INTL-1", native.sha256(utf8(name)));
const [a, b, c] = ["a", "b", "c"].map((id) => founderSigner(native, id)) as [Signer, Signer, Signer];
const fresh = keyOf("fresh");
const logKey = new Uint8Array(32).fill(1);
const genesis = founded(native, { chain, organisations: ["a", "b", "c"], logKey });

let batches: SignedBatches;
let nonce = 0;
let sequence = 0;
let lsn = 0;
beforeEach(() => {
  batches = new SignedBatches(native, genesis, "a");
  [nonce, sequence, lsn] = [0, 0, 0];
});

const give = (leaf: Uint8Array) => batches.counts(leaf, leafHash(native, leaf));
const closeBlock = () => give(blockLeaf(++sequence, 1000 + sequence, new Uint8Array(32)));

function command(by: Signer, kind: string, body: Cbor): void {
  const tx = signTransaction(native, { chain, kind, nonce: ++nonce, expires: 4e9, body }, [by]);
  give(commandLeaf(tx.bytes, tx.signatures));
}

/** A batch of one event; whether it counts. */
function batch(by: Signer): boolean {
  const from = lsn === 0 ? START : { lsn: BigInt(lsn), ordinal: 1 };
  const to = { lsn: BigInt(lsn + 1), ordinal: 1 };
  const event = encodeEvent({
    ...{ kind: "create", source: "ehr", table: new Uint8Array(8), row: new Uint8Array(16), schema: new Uint8Array(8) },
    ...{ commitment: new Uint8Array(32), lsn: to.lsn, ordinal: 1, xid: 1n, time: 1, actor: null, purpose: null },
  });
  const root = treeHash(native, leafHash(native, event));
  const header = { source: sourceId("ehr"), incarnation: new Uint8Array(8), from, to, count: 1, root };
  command(by, BATCH_KIND, encodeBatchBody(header));
  const counted = give(event);
  if (counted) lsn++;
  return counted;
}

const rotation = (retired: readonly Uint8Array[]): Cbor => {
  const proof = provePossession(native, chain, "a", "sign", fresh);
  return rotateKeysBody({ added: [{ suite: fresh.suite, publicKey: fresh.publicKey, proof }], retired });
};

const recovery = (): Action => ({
  ...{ type: "recover", id: orgId("a") },
  keys: { keys: [{ suite: fresh.suite, publicKey: fresh.publicKey }], cosigner: keyOf("co").publicKey },
  proofs: {
    keys: [provePossession(native, chain, "a", "sign", fresh)],
    cosigner: provePossession(native, chain, "a", "cosign", keyOf("co")),
  },
});

describe("an organisation's keys in a log", () => {
  it("change with its own rotation, within the block and behind it", () => {
    expect(batch(a)).toBe(true);
    expect(batch(fresh)).toBe(false);
    command(a, ROTATE_KEYS_KIND, rotation([a.keyId]));
    expect(batch(fresh)).toBe(true);
    expect(batch(a)).toBe(false);
    closeBlock();
    expect(batch(fresh)).toBe(true);
    expect(batch(a)).toBe(false);
  });

  it("change when the others have voted for it, at the vote that carries it", () => {
    command(b, PROPOSE_KIND, proposeBody(recovery()));
    closeBlock();
    expect(batch(fresh)).toBe(false);
    command(c, VOTE_KIND, voteBody(0, true));
    expect(batch(fresh)).toBe(true);
    closeBlock();
    expect(batch(a)).toBe(false);
  });

  it("are not changed by whoever orders the log: a decision that was not made is refused", () => {
    const stranger = keyOf("stranger");
    const forged = () => command(stranger, ROTATE_KEYS_KIND, rotation([]));
    expect(forged).toThrow(expect.objectContaining({ code: "ledger/bad-signature" }));
    batches = new SignedBatches(native, genesis, "a");
    expect(() => command(b, VOTE_KIND, voteBody(0, true))).toThrow("not made");
  });

  it("are asked of an organisation that is or was a member", () => {
    expect(() => batches.requireMember()).not.toThrow();
    const unknown = new SignedBatches(native, genesis, "nobody");
    expect(() => unknown.requireMember()).toThrow(expect.objectContaining({ code: "ledger/unknown-key" }));
  });
});
