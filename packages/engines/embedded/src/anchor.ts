/** The newest checkpoint with everything that hangs on it, found in the store and checked before anything is served. */
import { equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  type Checkpoint,
  decodeBundle,
  decodeLeaf,
  formatTilePath,
  type Genesis,
  HASH_BYTES,
  leafHash,
  logOrigin,
  openCheckpoint,
  type SignedCheckpoint,
  TILE_WIDTH,
  tileWidth,
} from "@anamnesis/ledger";
import { prunedEntries } from "./pruned.ts";
import { damaged } from "./sqlite.ts";
import type { BlockRow, Store } from "./store.ts";
import { damagedTile, type TileCache, TreeView } from "./tree-view.ts";

export interface Anchor {
  readonly block: BlockRow;
  readonly checkpoint: SignedCheckpoint;
  readonly tree: TreeView;
  /** The block's leaf: the last of the log. */
  readonly blockLeaf: Uint8Array;
  readonly stateRoot: Uint8Array;
}

/** Checks cheaply, in time that does not grow with the log, that the store is what its newest checkpoint says. */
export function loadAnchor(p: Primitives, store: Store, genesis: Genesis, cache: TileCache): Anchor {
  const block = store.newest();
  if (block === undefined) throw damaged("it has no blocks");
  const signed = readCheckpoint(p, block, genesis);
  if (signed.size !== block.size || signed.origin !== logOrigin(genesis.chain)) {
    throw damaged("the newest block and its checkpoint disagree");
  }
  const previous = block.sequence === 0 ? undefined : store.block(block.sequence - 1);
  const follows = block.sequence === 0 ? block.first === 0 : previous?.size === block.first;
  if (!follows || block.size <= block.first) throw damaged("the newest block does not follow the one before it");
  const tree = TreeView.open(p, store.tile, cache, signed);
  const blockLeaf = readLeaves(p, store, tree, Math.floor((signed.size - 1) / TILE_WIDTH)).at(-1);
  if (blockLeaf === undefined) throw damaged("the last leaf is missing");
  const leaf = decodeLeaf(blockLeaf);
  if (leaf.type !== "block" || leaf.sequence !== block.sequence || leaf.time !== block.time) {
    throw damaged("the last leaf is not that of the newest block");
  }
  return { block, checkpoint: { ...signed, note: block.note }, tree, blockLeaf, stateRoot: leaf.stateRoot };
}

function readCheckpoint(p: Primitives, block: BlockRow, genesis: Genesis): Checkpoint {
  try {
    return openCheckpoint(p, block.note, genesis);
  } catch (cause) {
    throw damaged("the newest checkpoint's signature does not fit", {}, cause);
  }
}

/**
 * The leaves of bundle `index` as far as the tree has them, each checked against its hash.
 * @throws AnamnesisError `ledger/damaged-tile`, `ledger/pruned`
 */
export function readLeaves(p: Primitives, store: Store, tree: TreeView, index: number): Uint8Array[] {
  const width = tileWidth(0, index, tree.size);
  const path = formatTilePath({ level: "entries", index, width });
  const data = store.bundle(index) ?? (index * TILE_WIDTH < store.pruned() ? store.archived(index) : undefined);
  const hashes = tree.tile(0, index);
  if (data === undefined && index * TILE_WIDTH < store.pruned()) throw prunedEntries(store.pruned());
  if (data === undefined || hashes === undefined) throw damagedTile(path, true);
  const leaves = decodeChecked(data, path).slice(0, width);
  const fits = (leaf: Uint8Array, i: number) =>
    equal(leafHash(p, leaf), hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  if (leaves.length !== width || !leaves.every(fits)) throw damagedTile(path);
  return leaves;
}

function decodeChecked(data: Uint8Array, path: string): Uint8Array[] {
  try {
    return decodeBundle(data);
  } catch {
    throw damagedTile(path);
  }
}
