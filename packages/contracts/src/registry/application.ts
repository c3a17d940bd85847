/** `organisation.json`: what an organisation gives to the others so that they can found with it, admit it, or give it new keys. */
import { asTuple, type ChainId, decode, encode, fromHex, toHex } from "@anamnesis/core";
import type { PurePrimitives, Signer } from "@anamnesis/crypto";
import { type GenesisOrganisation, ledgerError, organisationFromJson, organisationToJson } from "@anamnesis/ledger";
import { type Proofs, parseProofs, proofsTuple } from "./action.ts";
import { ed25519Key, type KeyUse, possessionMessage } from "./possession.ts";

export interface Application {
  readonly organisation: GenesisOrganisation;
  readonly proofs: Proofs;
}

/** The proof that a key is held, made by the key itself. */
export function provePossession(
  p: PurePrimitives,
  chain: ChainId,
  organisation: string,
  use: KeyUse,
  signer: Signer,
): Uint8Array {
  const { suite, publicKey } = signer;
  const key = use === "sign" ? { suite, publicKey } : ed25519Key(publicKey);
  return signer.sign(possessionMessage(p, { chain, organisation, use, key }));
}

/** @param cosigner an Ed25519 key */
export function applicationOf(
  p: PurePrimitives,
  chain: ChainId,
  who: Pick<GenesisOrganisation, "id" | "name">,
  signer: Signer,
  cosigner: Signer,
): Application {
  const { suite, publicKey } = signer;
  return {
    organisation: { id: who.id, name: who.name, keys: [{ suite, publicKey }], cosigner: cosigner.publicKey },
    proofs: {
      keys: [provePossession(p, chain, who.id, "sign", signer)],
      cosigner: provePossession(p, chain, who.id, "cosign", cosigner),
    },
  };
}

export function applicationToJson({ organisation, proofs }: Application): string {
  const readable = JSON.parse(organisationToJson(organisation)) as object;
  const shown = { keys: proofs.keys.map(toHex), cosigner: toHex(proofs.cosigner) };
  return `${JSON.stringify({ ...readable, proofs: shown }, null, 2)}\n`;
}

/** @throws AnamnesisError `ledger/malformed` */
export function applicationFromJson(json: string): Application {
  const organisation = organisationFromJson(json);
  try {
    const { proofs } = JSON.parse(json) as { proofs: { keys: string[]; cosigner: string } };
    const tuple = encode(proofsTuple({ keys: proofs.keys.map(fromHex), cosigner: fromHex(proofs.cosigner) }));
    return { organisation, proofs: parseProofs(asTuple(decode(tuple), 2, "proofs")) };
  } catch (cause) {
    throw ledgerError("ledger/malformed", "the organisation's public file has no proofs of its keys", {}, { cause });
  }
}
