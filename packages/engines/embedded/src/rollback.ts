/**
 * Whether a store is older than what it gave out. A follower may be restored to an older state on purpose: its newer checkpoint stays
 * remembered, the log must lead to it, and until it does a small file says that the older store is meant to be there. A ledger that is
 * ordered here never may: its key would sign another tree of the same size.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { Frontier, type Genesis, knownError, ledgerError, openCheckpoint } from "@anamnesis/ledger";
import type { Anchor } from "./anchor.ts";
import { flush, writeFlushed } from "./copies/files.ts";
import { FILES } from "./files.ts";

/** A checkpoint that the log's key signed. */
export interface Seen {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** `undefined` when there is none, or none that the log signed. */
export function seenIn(p: Primitives, genesis: Genesis, note: string | undefined): Seen | undefined {
  if (note === undefined) return undefined;
  try {
    const { size, root } = openCheckpoint(p, note, genesis);
    return { size, root, note };
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}

export const holds = (p: Primitives, { tree }: Pick<Anchor, "tree">, { size, root }: Pick<Seen, "size" | "root">) =>
  size <= tree.size && equal(Frontier.read(p, tree.hashes(size), size).root(), root);

/** The checkpoint of the snapshot that a follower was restored from, until it has reached what it had seen. */
export function restoredMark(dir: string): string | undefined {
  try {
    return readFileSync(join(dir, FILES.restored), "utf8");
  } catch {
    return undefined;
  }
}

/** From now on the store may be older than what is remembered, as long as it begins with `note`. Durable when it returns. */
export function markRestored(dir: string, note: string): void {
  forgetRestored(dir);
  writeFlushed(join(dir, FILES.restored), note);
  flush(dir);
}

export const forgetRestored = (dir: string): void => rmSync(join(dir, FILES.restored), { force: true });

/**
 * The remembered checkpoint must be a prefix of what is here. One that cannot be read is `log verify`'s to report.
 * @param restored see `restoredMark`; nothing for whoever orders
 * @returns what has been seen and is still to be reached, if anything
 * @throws AnamnesisError `ledger/rolled-back`
 */
export function refuseRollback(
  p: Primitives,
  genesis: Genesis,
  anchor: Anchor,
  remembered: string | undefined,
  restored?: string,
): Seen | undefined {
  const seen = seenIn(p, genesis, remembered);
  if (seen === undefined || holds(p, anchor, seen)) return undefined;
  const { size } = anchor.tree;
  const start = seenIn(p, genesis, restored);
  if (start !== undefined && size < seen.size && holds(p, anchor, start)) return seen;
  const message = `the store is older than, or contradicts, a checkpoint it gave out (${seen.size} leaves): restore a newer copy, or catch up from another member (\`anamnesis log import\`)`;
  throw ledgerError("ledger/rolled-back", message, { seen: seen.size, size });
}
