/** What a folder remembers as sealed, against its own ledger: for `log verify`. */
import { existsSync } from "node:fs";
import { equal, isAnamnesisError } from "@anamnesis/core";
import type { LedgerReader } from "@anamnesis/embedded";
import {
  checkSealed,
  decodeMemberSet,
  foundingSet,
  ledgerError,
  type Problem,
  parseCheckpoint,
  parseNote,
  type SealedState,
  trustedSets,
} from "@anamnesis/ledger";
import type { Folder } from "../folder/folder.ts";
import { primitives } from "../system.ts";
import { SealStore } from "./seal-store.ts";

const WHERE = "seals";

/**
 * Every seal must be one: cosigned by enough of the members that the trust chain leads to, and on a tree that is the beginning of this
 * log. A follower may know of seals on leaves that it has not fetched yet; who orders may not.
 */
export async function sealProblems({ layout, genesis, config }: Folder, reader: LedgerReader): Promise<Problem[]> {
  if (!existsSync(layout.seals)) return [];
  let store: SealStore | undefined;
  try {
    store = new SealStore(layout.seals, genesis);
    const founding = foundingSet(genesis);
    const sets = [founding, ...trustedSets(primitives, genesis.chain, founding, store.links)];
    const follows = config.orderer !== undefined;
    const states = store.states();
    const { size } = await reader.checkpoint();
    const newest = { reader, size, follows };
    return [
      ...store.links.flatMap((state) => problemOf(() => requireOurs(state, newest))),
      ...states.flatMap((state) =>
        problemOf(() => {
          const { epoch } = decodeMemberSet(state.members.value ?? new Uint8Array(0));
          const set = sets.find((each) => each.epoch === epoch);
          if (set === undefined)
            throw ledgerError("ledger/broken-chain", `nothing leads to the members of epoch ${epoch}`);
          checkSealed(primitives, genesis.chain, set, state);
          requireOurs(state, newest);
        }),
      ),
    ];
  } catch (error) {
    return [found(error)];
  } finally {
    store?.close();
  }
}

interface Newest {
  readonly reader: LedgerReader;
  readonly size: number;
  readonly follows: boolean;
}

function requireOurs({ note }: SealedState, { reader, size, follows }: Newest): void {
  const sealed = parseCheckpoint(parseNote(note).text);
  if (sealed.size > size && follows) return;
  if (sealed.size <= size && equal(reader.rootAt(sealed.size), sealed.root)) return;
  const why = `a checkpoint of ${sealed.size} leaves was sealed that this log of ${size} does not continue`;
  throw ledgerError("ledger/rolled-back", why);
}

function problemOf(check: () => void): Problem[] {
  try {
    check();
    return [];
  } catch (error) {
    return [found(error)];
  }
}

function found(error: unknown): Problem {
  if (!isAnamnesisError(error)) throw error;
  return { code: error.code, message: error.message, where: WHERE };
}
