/** Keys that somebody brings: fresh to the ledger, all different, each with its proof of possession. */
import { equal, toHex } from "@anamnesis/core";
import { type Context, type MemberKey, memberKeyPath, type Refusal } from "@anamnesis/ledger";
import { reading, refuse } from "../refusal.ts";
import type { NewKeys, Proofs } from "./action.ts";
import { keyIdOf } from "./enrol.ts";
import { ed25519Key, type KeyUse, proves } from "./possession.ts";
import { readMemberSet } from "./rules.ts";

type Chain = Pick<Context, "primitives" | "chain">;

/** What can be said without the state: known suites, no key twice, each proof right. */
export function checkNewKeys(
  chain: Chain,
  organisation: string,
  { keys, cosigner }: NewKeys,
  proofs: Proofs,
): Refusal | null {
  if (keys.length === 0 || keys.length !== proofs.keys.length) {
    return refuse("registry/malformed", "there must be at least one key, and one proof for each");
  }
  for (const [i, key] of keys.entries()) {
    const fault = checkProof(chain, organisation, "sign", key, proofs.keys[i] ?? new Uint8Array());
    if (fault !== null) return fault;
  }
  const all = [...keys.map(({ publicKey }) => publicKey), cosigner].map(toHex);
  if (new Set(all).size !== all.length) return refuse("registry/malformed", "one key is brought twice");
  return checkProof(chain, organisation, "cosign", ed25519Key(cosigner), proofs.cosigner);
}

export function checkProof(
  { primitives, chain }: Chain,
  organisation: string,
  use: KeyUse,
  key: MemberKey,
  proof: Uint8Array,
): Refusal | null {
  const id = reading("registry/malformed", () => keyIdOf({ primitives }, key));
  if ("code" in id) return id;
  if (proves(primitives, { chain, organisation, use, key }, proof)) return null;
  return refuse("registry/no-proof", "a new key has not signed for its organisation, use and ledger");
}

/** A key that ever signed here, for whomever, is not taken again: what it signed before must not change its meaning. */
export function checkUnused(context: Context, keys: readonly MemberKey[]): Refusal | null {
  const known = keys.some((key) => context.get(memberKeyPath(toHex(keyIdOf(context, key)))) !== undefined);
  return known ? refuse("registry/known-key", "a key is in use on this ledger, or was") : null;
}

/** Each cosigner key has one owner, and is not the log's. */
export function checkCosigner(context: Context, organisation: string, cosigner: Uint8Array): Refusal | null {
  const { logKey, members } = readMemberSet(context);
  const taken = members.some((member) => member.id !== organisation && equal(member.cosigner, cosigner));
  if (!taken && !equal(logKey, cosigner)) return null;
  return refuse("registry/known-key", "the cosigner key is another member's or the log's");
}
