/** One checkpoint held against all that were seen before. */
import { equal, isAnamnesisError } from "@anamnesis/core";
import { type FetchTile, type Relation, relate, type SignedCheckpoint } from "@anamnesis/ledger";
import { primitives } from "../system.ts";
import type { MonitorMemory } from "./memory.ts";

export type Verdict =
  /** It was seen before, or stands in one line with everything that was. */
  | { readonly kind: "fits" }
  | {
      readonly kind: "fork";
      readonly older: SignedCheckpoint;
      readonly newer: SignedCheckpoint;
      readonly prefix: Prefix;
    }
  /** No tiles were to be had that decide it. */
  | { readonly kind: "undecided"; readonly against: number };

interface Prefix {
  readonly root: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * Adds nothing to the memory.
 * @param sources of tiles, the one that showed the checkpoint first; what one cannot give another may
 */
export async function judge(
  memory: Pick<MonitorMemory, "at" | "below" | "above">,
  shown: SignedCheckpoint,
  sources: readonly FetchTile[],
): Promise<Verdict> {
  const same = memory.at(shown.size);
  if (same !== undefined) {
    if (equal(same.root, shown.root)) return { kind: "fits" };
    return { kind: "fork", older: same, newer: shown, prefix: { root: shown.root, path: [] } };
  }
  const below = memory.below(shown.size);
  const above = memory.above(shown.size);
  const pairs = [
    ...(below === undefined ? [] : [{ older: below, newer: shown, against: below.size }]),
    ...(above === undefined ? [] : [{ older: shown, newer: above, against: above.size }]),
  ];
  let undecided: number | undefined;
  for (const { older, newer, against } of pairs) {
    const found = await relation(older, newer, sources);
    // The other neighbour may decide: only the larger of two needs tiles.
    if (found === undefined) undecided ??= against;
    else if (found.kind === "forked") return { kind: "fork", older, newer, prefix: prefixIn(found, newer) };
  }
  return undecided === undefined ? { kind: "fits" } : { kind: "undecided", against: undecided };
}

const prefixIn = ({ prefix }: Extract<Relation, { kind: "forked" }>, newer: SignedCheckpoint): Prefix => ({
  root: prefix?.root ?? newer.root,
  path: prefix?.proof ?? [],
});

async function relation(
  older: SignedCheckpoint,
  newer: SignedCheckpoint,
  sources: readonly FetchTile[],
): Promise<Relation | undefined> {
  for (const tile of sources) {
    try {
      return await relate(primitives, older, newer, tile);
    } catch (error) {
      // Whatever an address gives or does not give instead of tiles, another one may decide.
      if (!isAnamnesisError(error)) throw error;
    }
  }
  return undefined;
}
