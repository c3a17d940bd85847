/** Checkpoints (C2SP tlog-checkpoint): origin, size and root as the three lines of a note's text. */
import { type Bytes, fromBase64, invariant, toBase64 } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";
import { isHash, isSize } from "./merkle-tree.ts";

export interface Checkpoint {
  readonly origin: string;
  /** Leaves in the log. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

const ORIGIN_MAX = 255;

/** The text that gets signed: exactly three lines. */
export function formatCheckpoint(checkpoint: { origin: string; size: number; root: Bytes }): string {
  const { origin, size, root } = checkpoint;
  invariant(isOrigin(origin) && isSize(size) && isHash(root), "a checkpoint with origin, size and 32-byte root");
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/**
 * The text of an opened note. Extension lines are refused: no log of ours has any, and nobody could audit them.
 * @throws AnamnesisError `ledger/malformed`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, end, ...more] = text.split("\n");
  if (origin === undefined || size === undefined || root === undefined || end !== "" || more.length > 0) {
    throw malformed("it is not three lines");
  }
  if (!isOrigin(origin)) throw malformed("the origin is empty or not printable");
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !isSize(Number(size))) throw malformed("the size is not a number");
  return { origin, size: Number(size), root: parseRoot(root) };
}

/** Origins of our logs and of those we audit: one printable line without control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
const isOrigin = (text: string): boolean => text.length <= ORIGIN_MAX && /^[^\u0000-\u001f\u007f]+$/.test(text);

function parseRoot(text: string): Uint8Array {
  let root: Uint8Array;
  try {
    root = fromBase64(text);
  } catch {
    throw malformed("the root is not base64");
  }
  if (!isHash(root)) throw malformed("the root is not 32 bytes long");
  return root;
}

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad checkpoint: ${why}`);
}
