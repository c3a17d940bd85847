/** Making the trust chain, from a log and the cosigned notes that somebody kept of it. */
import type { ChainId } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { parseCheckpoint } from "./checkpoint.ts";
import type { Contract } from "./contract.ts";
import type { LogReader } from "./engine.ts";
import { knownError, ledgerError } from "./errors.ts";
import { foundingSet, isSealed, MEMBER_SET, type MemberSet } from "./member-set.ts";
import { parseNote } from "./note-format.ts";
import { statesBehind } from "./state-behind.ts";
import { type CheckedSeal, checkSeal, type SealedState } from "./trust-chain.ts";

/** What makes a reader with genesis alone believe a checkpoint. */
export interface Trust {
  readonly links: readonly SealedState[];
  /** The newest checkpoint that the set in its own state has sealed. */
  readonly target: SealedState;
  /** That set. */
  readonly set: MemberSet;
}

/**
 * Chain and target for the newest of the notes that can be reached.
 * @param notes cosigned checkpoints of this log, in any order: best the newest of each epoch with every cosignature there is,
 *   because a link needs two thirds of the set *before* it; notes that lead nowhere are left aside
 * @throws AnamnesisError `ledger/not-sealed` when no note can be reached from the founding set, `ledger/bad-block`, and what
 *   the reader throws
 */
export async function makeTrust(
  p: Primitives,
  contract: Contract,
  reader: LogReader,
  notes: readonly string[],
): Promise<Trust> {
  const { size: all } = await reader.checkpoint();
  const bySize = Map.groupBy(notes, (note) => parseCheckpoint(parseNote(note).text).size);
  const sizes = new Set([...bySize.keys()].filter((size) => size <= all));
  const states: SealedState[] = [];
  for await (const { size, proved } of statesBehind(p, contract, reader, sizes, [MEMBER_SET])) {
    const members = proved.get(MEMBER_SET);
    if (members === undefined) continue;
    for (const note of bySize.get(size) ?? []) states.push({ note, members });
  }
  return chooseTrust(p, reader.genesis.chain, foundingSet(reader.genesis), states);
}

interface Reached {
  readonly set: MemberSet;
  readonly size: number;
  readonly links: readonly SealedState[];
}

/**
 * The shortest chain to the newest state that its own set has sealed.
 * @param states rising by size
 * @throws AnamnesisError `ledger/not-sealed`
 */
export function chooseTrust(p: Primitives, chain: ChainId, founding: MemberSet, states: readonly SealedState[]): Trust {
  const reached: Reached[] = [{ set: founding, size: 0, links: [] }];
  let trust: Trust | undefined;
  for (const state of states) {
    for (const from of reached.toSorted((a, b) => a.links.length - b.links.length)) {
      const seal = attempt(() => checkSeal(p, chain, from.set, state));
      if (seal === undefined) continue;
      const { set, checkpoint } = seal;
      const here = set.epoch === from.set.epoch ? from : { set, size: checkpoint.size, links: [...from.links, state] };
      if (here !== from && (set.epoch < from.set.epoch || checkpoint.size <= from.size)) continue;
      if (!reached.some((each) => each.set.epoch === set.epoch)) reached.push(here);
      if (isSealed(p, chain, set, state.note)) trust = { links: here.links, target: state, set };
      break;
    }
  }
  if (trust !== undefined) return trust;
  throw ledgerError("ledger/not-sealed", "no checkpoint at hand can be reached from the founding members by seals");
}

/** A note that leads nowhere from here is not an error: another one may. */
function attempt(run: () => CheckedSeal): CheckedSeal | undefined {
  try {
    return run();
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}
