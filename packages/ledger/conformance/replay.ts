/** Running a recorded list of blocks without any engine: the root that must come out. */
import { concat } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  closeBlock,
  EMPTY_STATE,
  type Execution,
  executeBlock,
  executeGenesis,
  type Genesis,
  type Receipt,
  type SignedTransaction,
  treeHash,
  updateState,
} from "../src/index.ts";
import { MemoryNodes } from "../src/verify-block.ts";
import { testContract } from "./contract.ts";

export interface Recorded {
  readonly receipt: Receipt;
  readonly transaction: SignedTransaction;
}

/** Size and root of the log that these final transactions, and nothing else, give. */
export function replayRecorded(p: Primitives, genesis: Genesis, recorded: readonly Recorded[]) {
  const state = new Map<string, Uint8Array>();
  const nodes = new MemoryNodes();
  const host = { primitives: p, contract: testContract, chain: genesis.chain, state };
  let root: Uint8Array = EMPTY_STATE;
  let hashes = new Uint8Array(0);
  const close = (execution: Execution, sequence: number, time: number) => {
    root = updateState(p, nodes, root, execution.changes);
    for (const [key, value] of execution.changes) {
      if (value === undefined) state.delete(key);
      else state.set(key, value);
    }
    hashes = concat(hashes, closeBlock(p, execution, { sequence, time }, root).hashes) as typeof hashes;
  };
  close(executeGenesis(host, genesis), 0, genesis.time);
  for (const { sequence, time, transactions } of blocksOf(recorded)) {
    close(executeBlock(host, { sequence, time, transactions }), sequence, time);
  }
  return { size: hashes.length / 32, root: treeHash(p, hashes) };
}

function blocksOf(recorded: readonly Recorded[]) {
  const inOrder = recorded.toSorted((a, b) => a.receipt.index - b.receipt.index);
  const blocks = Map.groupBy(inOrder, (each) => each.receipt.sequence);
  return [...blocks].map(([sequence, each]) => ({
    sequence,
    time: each[0]?.receipt.time ?? 0,
    transactions: each.map(({ transaction }) => transaction),
  }));
}
