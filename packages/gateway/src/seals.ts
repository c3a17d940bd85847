/** Sealed checkpoints as members hand them on: `[1, links, newest | null]` (spec/follower.md). Nothing in it is checked here. */
import { asList, asTuple, type Bytes, decode, encode } from "@anamnesis/core";
import {
  LINKS_MAX,
  ledgerError,
  linksFromCbor,
  linksToCbor,
  type SealedState,
  sealedFromCbor,
  sealedToCbor,
} from "@anamnesis/ledger";

export interface SealsAnswer {
  readonly links: readonly SealedState[];
  readonly newest?: SealedState;
}

export const encodeSeals = ({ links, newest }: SealsAnswer): Uint8Array =>
  encode([1, linksToCbor(links), newest === undefined ? null : sealedToCbor(newest)]);

/** @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export function decodeSeals(bytes: Bytes): SealsAnswer {
  const [version, links, newest] = asTuple(decode(bytes, "seals"), 3, "seals");
  if (version !== 1) throw ledgerError("ledger/malformed", "sealed checkpoints in an unknown version");
  const chain = linksFromCbor(asList(links, LINKS_MAX, "links"));
  return newest === null ? { links: chain } : { links: chain, newest: sealedFromCbor(newest) };
}
