/** Who brings a new key shows that it has it: the key signs for the organisation and the use that it is brought for. */
import { type Bytes, type ChainId, concat, encode, utf8 } from "@anamnesis/core";
import { type PurePrimitives, suiteOf } from "@anamnesis/crypto";
import type { MemberKey } from "@anamnesis/ledger";

/** `sign`: transactions; `cosign`: checkpoints, as a member. */
export type KeyUse = "sign" | "cosign";

export interface Possession {
  readonly chain: ChainId;
  readonly organisation: string;
  readonly use: KeyUse;
  readonly key: MemberKey;
}

const DOMAIN = utf8("anamnesis/possession/v1\0");

/** What the key signs. */
export function possessionMessage(p: PurePrimitives, { chain, organisation, use, key }: Possession): Uint8Array {
  const content = encode([chain, organisation, use, key.publicKey]);
  return concat(DOMAIN, utf8(`${key.suite}\0`), p.sha256(content));
}

export const proves = (p: PurePrimitives, possession: Possession, proof: Bytes): boolean =>
  suiteOf(possession.key.suite).verify(p, possession.key.publicKey, possessionMessage(p, possession), proof);

/** Keys of cosignatures are Ed25519 and nothing else (C2SP). */
export const ed25519Key = (publicKey: Uint8Array): MemberKey => ({ suite: "INTL-1", publicKey });
