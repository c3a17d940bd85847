/**
 * Two faces: the log's key signed two trees that cannot be one log. The consistency proof shows what the larger one really
 * has as its first leaves, and that is not what the smaller checkpoint says.
 *
 *     Fork = [ older: text, newer: text, prefix: bytes(32), path: bytes(32·k) ]
 */
import { asBytes, asText, asTuple, type Bytes, type Cbor, concat, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { consistencyPath, type HashReader, type MerklePath, rangeHash, verifyConsistency } from "../merkle.ts";
import { NOTE_LIMITS } from "../note-format.ts";
import { asPath } from "../path.ts";
import { encodeEvidence } from "./file.ts";
import { type Accuser, acquitted, envelope, type Ground, signedByLog } from "./ground.ts";

export interface ForkFinding {
  readonly kind: "fork";
  readonly logKey: Uint8Array;
  readonly older: { readonly size: number; readonly root: Uint8Array };
  readonly newer: { readonly size: number; readonly root: Uint8Array };
  /** Root of the newer tree's first `older.size` leaves. */
  readonly prefix: Uint8Array;
}

/** What a tree has as its first leaves, and the consistency proof from there to its root. */
export interface Prefix {
  readonly root: Uint8Array;
  readonly path: MerklePath;
}

/** @param tree of the newer checkpoint */
export const prefixOf = (p: Primitives, tree: HashReader, older: number, newer: number): Prefix => ({
  root: rangeHash(p, tree, 0, older),
  path: consistencyPath(p, tree, older, newer),
});

/**
 * @param older signed note of the tree that is not larger
 * @param prefix of the newer tree at the size of the older one; with equal sizes its root, and an empty path
 * @throws AnamnesisError `ledger/bad-evidence` when it convicts nobody, `ledger/bad-checkpoint`
 */
export function makeFork(accuser: Accuser, older: string, newer: string, prefix: Prefix): Uint8Array {
  const content = [older, newer, prefix.root, concat(...prefix.path)];
  return encodeEvidence({ ...envelope(accuser), kind: "fork", content });
}

/** @throws AnamnesisError `ledger/bad-evidence`, `ledger/bad-checkpoint`, `ledger/malformed`, `core/bad-encoding` */
export function checkFork(p: Primitives, ground: Ground, content: Cbor): ForkFinding {
  const [first, second, root, hashes] = asTuple(content, 4, "fork");
  const { checkpoint: older, logKey } = signedByLog(p, ground, asText(first, NOTE_LIMITS.noteBytes, "older note"));
  const { checkpoint: newer } = signedByLog(p, ground, asText(second, NOTE_LIMITS.noteBytes, "newer note"));
  const prefix: Bytes = asBytes(root, 32, "prefix");
  const path = asPath(hashes, "path", 2 * 53);
  if (older.size < 1 || older.size > newer.size) throw acquitted("the older checkpoint is empty or the larger one");
  if (!verifyConsistency(p, { size: older.size, root: prefix }, newer, path)) {
    throw acquitted("the path does not show what the newer checkpoint has as its first leaves");
  }
  if (equal(prefix, older.root)) throw acquitted("the newer checkpoint continues the older one");
  return { kind: "fork", logKey, older, newer, prefix };
}
