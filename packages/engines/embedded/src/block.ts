/** From an executed block to the rows that make it durable: receipts, bundles, tiles, signed checkpoint. */
import type { Primitives } from "@anamnesis/crypto";
import {
  type Appended,
  appendTiles,
  type Block,
  closeBlock,
  type Execution,
  encodeBundle,
  type Frontier,
  formatCheckpoint,
  formatNote,
  type NoteSigner,
  type ReadTile,
  type Receipt,
  TILE_WIDTH,
} from "@anamnesis/ledger";
import type { NodeOverlay } from "./node-overlay.ts";
import type { BlockWrite, BundleWrite } from "./store.ts";

/** What a block is appended to. `tail`: the leaves of the last, not yet full bundle. */
export interface LogEnd {
  readonly size: number;
  readonly tail: readonly Uint8Array[];
  readonly tile: ReadTile;
  readonly frontier?: Frontier;
}

/** The state behind the block. */
export interface StateAfter {
  readonly root: Uint8Array;
  readonly nodes: NodeOverlay;
}

export interface BuiltBlock {
  readonly write: BlockWrite;
  readonly appended: Appended;
  readonly tail: readonly Uint8Array[];
  /** All leaves of the block, its block leaf last. */
  readonly leaves: readonly Uint8Array[];
  readonly blockLeaf: Uint8Array;
}

export function buildBlock(
  p: Primitives,
  signer: NoteSigner,
  end: LogEnd,
  block: Block,
  execution: Execution,
  state: StateAfter,
): BuiltBlock {
  const { leaves, hashes, changes } = closeBlock(p, execution, block, state.root);
  const appended = appendTiles(p, end.tile, end.size, hashes, end.frontier);
  const { bundles, tail } = appendBundles(end, leaves);
  const text = formatCheckpoint({ origin: signer.name, size: appended.size, root: appended.root });
  const note = formatNote(text, [signer.sign(text)]);
  const { sequence, time } = block;
  const write = {
    block: { sequence, time, first: end.size, size: appended.size, note },
    bundles,
    tiles: appended.writes,
    receipts: receiptsOf(block, execution, end.size),
    state: changes,
    nodes: state.nodes,
  };
  return { write, appended, tail, leaves, blockLeaf: leaves.at(-1) ?? new Uint8Array(0) };
}

function receiptsOf({ sequence, time, transactions }: Block, { results }: Execution, first: number): Receipt[] {
  return results.flatMap((result, i) => {
    const id = transactions[i]?.id;
    if (!result.accepted || id === undefined) return [];
    return [{ id, index: first + result.offset, count: result.count, sequence, time }];
  });
}

function appendBundles(end: LogEnd, leaves: readonly Uint8Array[]) {
  const bundles: BundleWrite[] = [];
  let index = Math.floor(end.size / TILE_WIDTH);
  let entries = [...end.tail];
  let taken = 0;
  while (taken < leaves.length) {
    const room = TILE_WIDTH - entries.length;
    entries = [...entries, ...leaves.slice(taken, taken + room)];
    taken += room;
    bundles.push({ index, data: encodeBundle(entries) });
    if (entries.length === TILE_WIDTH) {
      entries = [];
      index++;
    }
  }
  return { bundles, tail: entries };
}
