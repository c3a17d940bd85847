/**
 * A block that bears a time from before it can have existed: more than two thirds of the members cosigned a log of `n`
 * leaves at some time, and a block that only came behind those leaves says that it is older.
 *
 *     BackDated = [ sealed: text, newer: text, index: uint, blockLeaf: bytes, path: bytes(32·k) ]
 *
 * A cosignature says "at this time this was the largest tree I had seen", so one wrong clock, or one liar, must not convict:
 * the time that counts is the one that a sealing quorum had reached, less a tolerance for clocks. What remains is that the log
 * was out of reach of two thirds of its members all that time; then its blocks were not sealed either. The finding says so.
 */
import { asBytesUpTo, asText, asTuple, asUint, type Cbor, concat } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { decodeLeaf } from "../leaf.ts";
import { cosignedBy, sealQuorum } from "../member-set.ts";
import { leafHash, type MerklePath, verifyInclusion } from "../merkle.ts";
import { NOTE_LIMITS } from "../note-format.ts";
import { asPath } from "../path.ts";
import { LIMITS } from "../transaction.ts";
import { encodeEvidence } from "./file.ts";
import { type Accuser, acquitted, envelope, type Ground, signedByLog } from "./ground.ts";

/** Clocks of the log and of its members may be this far apart before anybody is accused. */
export const BACK_DATED_TOLERANCE_MS = 5 * 60_000;

export interface BackDatedFinding {
  readonly kind: "back-dated";
  readonly logKey: Uint8Array;
  /** Leaves of the log that was sealed, and when a quorum had cosigned it (ms since 1970). */
  readonly sealedSize: number;
  readonly sealedMs: number;
  readonly cosigned: number;
  readonly of: number;
  /** Log index of the block leaf behind it, and the time it bears. */
  readonly index: number;
  readonly sequence: number;
  readonly blockMs: number;
}

/** A block leaf and its way to the checkpoint `note`. */
export interface LaterBlock {
  readonly note: string;
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly path: MerklePath;
}

/** @throws AnamnesisError `ledger/too-large`; whether it convicts is `checkEvidence`'s to say */
export function makeBackDated(accuser: Accuser, sealed: string, { note, index, leaf, path }: LaterBlock): Uint8Array {
  const content = [sealed, note, index, leaf, concat(...path)];
  return encodeEvidence({ ...envelope(accuser), kind: "back-dated", content });
}

/** @throws AnamnesisError `ledger/bad-evidence`, `ledger/bad-checkpoint`, `ledger/malformed`, `core/bad-encoding` */
export function checkBackDated(p: Primitives, ground: Ground, content: Cbor): BackDatedFinding {
  const [first, second, at, bytes, hashes] = asTuple(content, 5, "back-dated");
  const sealed = asText(first, NOTE_LIMITS.noteBytes, "sealed note");
  const { size: sealedSize } = signedByLog(p, ground, sealed).checkpoint;
  const { checkpoint, logKey } = signedByLog(p, ground, asText(second, NOTE_LIMITS.noteBytes, "newer note"));
  const index = asUint(at, "index");
  const leafBytes = asBytesUpTo(bytes, LIMITS.leafBytes, "block leaf");
  const path = asPath(hashes, "path");
  if (!verifyInclusion(p, leafHash(p, leafBytes), index, checkpoint.size, path, checkpoint.root)) {
    throw acquitted("the block is not in the log");
  }
  const leaf = decodeLeaf(leafBytes);
  if (leaf.type !== "block") throw acquitted("the leaf is no block leaf");
  if (index < sealedSize) throw acquitted("the block was already in the log that was sealed");
  const { sealedMs, cosigned, of } = sealing(p, ground, sealed);
  if (leaf.time + BACK_DATED_TOLERANCE_MS >= sealedMs) throw acquitted("the block is not older than the clocks allow");
  const { sequence, time: blockMs } = leaf;
  return { kind: "back-dated", logKey, sealedSize, sealedMs, cosigned, of, index, sequence, blockMs };
}

/** The time that as many cosigners as seal had reached: a smaller group cannot move it forward. */
function sealing(p: Primitives, { chain, set }: Ground, note: string) {
  const times = cosignedBy(p, chain, set, note).map(({ time }) => time);
  const of = set.members.length;
  const time = times.sort((a, b) => b - a)[sealQuorum(of) - 1];
  if (time === undefined) throw acquitted(`only ${times.length} of ${of} members cosigned the earlier checkpoint`);
  return { sealedMs: time * 1000, cosigned: times.length, of };
}
