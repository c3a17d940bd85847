/** What a proof file of version 2 shows to a reader who has the founding document and nothing else. */
import { equal, toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { encodeGenesis, type Genesis } from "./genesis.ts";
import { decodeMemberKey, memberKeyPath } from "./member-key.ts";
import { foundingSet } from "./member-set.ts";
import { leafHash, rootFromInclusion, sameHash } from "./merkle.ts";
import type { ProofFile, ProofSeal } from "./proof-file.ts";
import { checkProvedState } from "./proved-state.ts";
import { type CheckedSeal, checkSealed, followChain } from "./trust-chain.ts";

/** How a founding document is named in proofs and on screens: SHA-256 of leaf 0's document. */
export const genesisHash = (p: Primitives, genesis: Genesis): Uint8Array => p.sha256(encodeGenesis(genesis));

export interface CheckedProofSeal extends CheckedSeal {
  /** Organisation of the author's key, when the proof brings the key's place in the state. */
  readonly author: string | undefined;
}

/**
 * Decides alone: the founding document, the trust chain, the sealed checkpoint, and the leaf under it.
 * @throws AnamnesisError `ledger/wrong-chain` for another founding document; `ledger/bad-proof`, `ledger/not-sealed`,
 *   `ledger/broken-chain`, `ledger/bad-checkpoint`, `ledger/malformed`, `core/…`
 */
export function checkProofSeal(p: Primitives, genesis: Genesis, proof: ProofFile, seal: ProofSeal): CheckedProofSeal {
  if (!equal(genesisHash(p, genesis), seal.genesis)) {
    throw ledgerError("ledger/wrong-chain", "the proof rests on another founding document than the one given");
  }
  const { chain } = genesis;
  const set = followChain(p, chain, foundingSet(genesis), seal.links);
  const checked = checkSealed(p, chain, set, seal.target);
  const { size, root } = checked.checkpoint;
  const found = rootFromInclusion(p, leafHash(p, proof.leaf), proof.index, proof.size, proof.path);
  if (size !== proof.size || !sameHash(found, root)) {
    throw ledgerError("ledger/bad-proof", "the leaf does not stand under the sealed checkpoint");
  }
  return { ...checked, author: authorOf(p, proof, seal, checked) };
}

function authorOf(
  p: Primitives,
  { authorship }: ProofFile,
  { key }: ProofSeal,
  { checkpoint }: CheckedSeal,
): string | undefined {
  if (authorship === null || key?.value === undefined) return undefined;
  checkProvedState(p, memberKeyPath(toHex(authorship.keyId)), key, checkpoint);
  const { publicKey, suite, organisation } = decodeMemberKey(key.value);
  if (suite === authorship.suite && equal(publicKey, authorship.publicKey)) return organisation;
  throw ledgerError("ledger/bad-proof", "the author's key in the state is not the one in the proof");
}
