/** Organisations that want to join, and keys that organisations bring: with their proofs of possession. */
import { type AddedKey, ed25519Key, type KeyUse, type Proofs, possessionMessage } from "@anamnesis/contracts";
import { orgId, utf8 } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import type { GenesisOrganisation, MemberKey } from "@anamnesis/ledger";
import { CHAIN } from "./chain.ts";

export const keyOf = (name: string): Signer => signerFromSeed(native, "INTL-1", native.sha256(utf8(`key ${name}`)));

const publicOf = ({ suite, publicKey }: Signer): MemberKey => ({ suite, publicKey });

export function proofOf(organisation: string, use: KeyUse, signer: Signer): Uint8Array {
  const key = use === "sign" ? publicOf(signer) : ed25519Key(signer.publicKey);
  return signer.sign(possessionMessage(native, { chain: CHAIN, organisation, use, key }));
}

export interface Newcomer {
  readonly organisation: GenesisOrganisation;
  readonly proofs: Proofs;
  readonly signer: Signer;
  readonly cosigner: Signer;
}

/** Keys are made from `seed`, so that one organisation can come with different ones. */
export function newcomer(id: string, seed = id): Newcomer {
  const signer = keyOf(`${seed} sign`);
  const cosigner = keyOf(`${seed} cosign`);
  return {
    organisation: { id: orgId(id), name: `The ${id}`, keys: [publicOf(signer)], cosigner: cosigner.publicKey },
    proofs: { keys: [proofOf(id, "sign", signer)], cosigner: proofOf(id, "cosign", cosigner) },
    signer,
    cosigner,
  };
}

export const added = (organisation: string, signer: Signer): AddedKey => ({
  ...publicOf(signer),
  proof: proofOf(organisation, "sign", signer),
});
