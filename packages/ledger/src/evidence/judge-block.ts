/** Whether a block follows from the one before it: what every member does with the whole state, done with a part of it. */
import { equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Contract, StateReader } from "../contract.ts";
import { knownError } from "../errors.ts";
import { isEventLeaf } from "../event.ts";
import { closeBlock, type Execution, executeBlock, executeGenesis, type Host } from "../execute.ts";
import type { Genesis } from "../genesis.ts";
import { decodeLeaf, type Leaf } from "../leaf.ts";
import type { BlockLeaf } from "../proved-state.ts";
import { EMPTY_STATE, type StateNodeStore, updateState } from "../state-tree.ts";
import type { SignedTransaction } from "../transaction.ts";
import { foundCommand } from "../verify-block.ts";

export type BlockFault =
  | "unreadable" // a leaf that no rule knows, or one where none may stand
  | "unfinished" // the checkpoint ends in the middle of a block
  | "wrong-number" // a sequence that does not follow
  | "time-backwards" // an agreed time before that of the block before
  | "refused-command" // a command that the rules refuse
  | "nothing-changed" // a block without commands
  | "other-leaves" // executing it gives other leaves
  | "other-state"; // executing it gives another state

/** Leaves of one block as the log has them, the block leaf last unless the checkpoint ends before it. */
export interface AccusedBlock {
  readonly genesis: Genesis;
  /** Block leaf before it; undefined for the founding block. */
  readonly previous: BlockLeaf | undefined;
  readonly leaves: readonly Uint8Array[];
  /** The state after the previous block, or as much of it as is there. */
  readonly state: StateReader;
  readonly nodes: StateNodeStore;
}

/** What is wrong with it; undefined: it follows from the rules of this version. */
export function judgeBlock(p: Primitives, contract: Contract, accused: AccusedBlock): BlockFault | undefined {
  const { leaves, previous } = accused;
  const closing = read(leaves.at(-1));
  if (closing === undefined) return "unreadable";
  if (closing.type !== "block") return "unfinished";
  const transactions = commandsOf(p, leaves.slice(0, -1), previous === undefined);
  if (transactions === undefined) return "unreadable";
  if (closing.sequence !== (previous?.sequence ?? -1) + 1) return "wrong-number";
  if (previous !== undefined && closing.time < previous.time) return "time-backwards";
  return execute(p, contract, accused, closing, transactions);
}

function execute(
  p: Primitives,
  contract: Contract,
  { genesis, previous, leaves, state, nodes }: AccusedBlock,
  closing: BlockLeaf,
  transactions: readonly SignedTransaction[],
): BlockFault | undefined {
  const { sequence, time } = closing;
  const host: Host = { primitives: p, contract, chain: genesis.chain, state };
  const execution: Execution =
    previous === undefined ? executeGenesis(host, genesis) : executeBlock(host, { sequence, time, transactions });
  if (execution.results.some((result) => !result.accepted)) return "refused-command";
  if (execution.leaves.length === 0) return "nothing-changed";
  const before = previous?.stateRoot ?? EMPTY_STATE;
  const root = updateState(p, nodes, before, execution.changes);
  if (!equal(root, closing.stateRoot)) return "other-state";
  const expected = closeBlock(p, execution, { sequence, time }, root).leaves;
  const same = expected.length === leaves.length && expected.every((leaf, i) => equal(leaf, leaves[i] ?? EMPTY_STATE));
  return same ? undefined : "other-leaves";
}

/** The block's commands with the leaves behind them; undefined when a leaf cannot be read or stands where none may. */
function commandsOf(
  p: Primitives,
  leaves: readonly Uint8Array[],
  founding: boolean,
): readonly SignedTransaction[] | undefined {
  const commands: { readonly leaf: Extract<Leaf, { type: "command" }>; readonly attachments: Uint8Array[] }[] = [];
  for (const bytes of leaves) {
    if (isEventLeaf(bytes)) {
      const open = commands.at(-1);
      if (open === undefined) return undefined;
      open.attachments.push(bytes);
      continue;
    }
    const leaf = read(bytes);
    if (leaf?.type === "genesis" && founding && commands.length === 0) continue;
    if (leaf?.type !== "command") return undefined;
    commands.push({ leaf, attachments: [] });
  }
  return attempt(() => commands.map(({ leaf, attachments }) => foundCommand(p, leaf, 0, attachments).transaction));
}

const read = (bytes: Uint8Array | undefined): Leaf | undefined =>
  bytes === undefined ? undefined : attempt(() => decodeLeaf(bytes));

/** Leaves are written by the accused: what cannot be read is his fault, not an error of the reader. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}
