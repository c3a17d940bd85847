/** States of the past: an engine keeps the newest only, so who must prove an older one executes the log again up to there. */
import type { Primitives } from "@anamnesis/crypto";
import type { Contract } from "./contract.ts";
import type { LogReader } from "./engine.ts";
import { ledgerError } from "./errors.ts";
import { foundBlocks } from "./found-blocks.ts";
import type { ProvedState } from "./proved-state.ts";
import { proveState } from "./state-tree.ts";
import { Replay } from "./verify-block.ts";
import { Problems } from "./verify-report.ts";

export interface StateBehind {
  /** Leaves of the log that ends with the block. */
  readonly size: number;
  /** By state key, for each key that was asked for; absence is proved as well. */
  readonly proved: ReadonlyMap<string, ProvedState>;
}

/**
 * The state behind each of the given sizes at which a block ends, rising; other sizes are passed over. Executes the log from its
 * beginning and holds the state in memory.
 * @throws AnamnesisError `ledger/bad-block` when the log breaks the rules, and what the reader throws
 */
export async function* statesBehind(
  p: Primitives,
  contract: Contract,
  reader: LogReader,
  sizes: ReadonlySet<number>,
  keys: readonly string[],
): AsyncGenerator<StateBehind> {
  const last = Math.max(0, ...sizes);
  const replay = new Replay(p, contract, reader.genesis);
  const problems = new Problems();
  for await (const block of foundBlocks(p, reader.leaves(0, last))) {
    replay.check(block, problems);
    const [problem] = problems.list;
    if (problem !== undefined) throw ledgerError("ledger/bad-block", problem.message, { where: problem.where });
    const size = block.first + block.leaves.length;
    const blockLeaf = block.leaves.at(-1);
    if (blockLeaf === undefined || !sizes.has(size)) continue;
    const path = await reader.inclusion(size - 1, size);
    const prove = (key: string): ProvedState => ({
      value: replay.state.get(key),
      proof: proveState(p, replay.nodes, block.stateRoot, key),
      blockLeaf: blockLeaf.slice(),
      path,
    });
    yield { size, proved: new Map(keys.map((key) => [key, prove(key)])) };
  }
}
