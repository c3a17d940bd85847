/** The proof file of one event: its leaf, its way to the newest checkpoint, and the signature over its batch. */
import { type Bytes, equal, invariant } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import {
  type Authorship,
  decodeLeaf,
  encodeProofFile,
  type HashReader,
  inclusionPath,
  isEventLeaf,
  LIMITS,
  type LogReader,
  leafHash,
  parseTransaction,
  type Signature,
  treeHash,
} from "@anamnesis/ledger";
import { nodeError } from "./errors.ts";
import { primitives } from "./system.ts";

export interface MadeProof {
  readonly file: Uint8Array;
  readonly index: number;
  /** The checkpoint (signed note) that the path leads to. */
  readonly checkpoint: string;
}

/** @throws AnamnesisError `node/bad-proof-index` when no event stands at `index`, `ledger/damaged-tile` */
export async function proveEvent(reader: LogReader, index: number): Promise<MadeProof> {
  const checkpoint = await reader.checkpoint();
  if (!Number.isSafeInteger(index) || index < 0 || index >= checkpoint.size) throw noEvent();
  const batch = await readBatch(reader, index, checkpoint.size);
  const leaf = batch.events[index - batch.first];
  invariant(leaf !== undefined, "the event inside its batch");
  const path = await reader.inclusion(index, checkpoint.size);
  const authorship = makeAuthorship(reader, batch, index - batch.first);
  const file = encodeProofFile({ leaf, index, size: checkpoint.size, path, authorship });
  return { file, index, checkpoint: checkpoint.note };
}

interface Batch {
  readonly bytes: Uint8Array;
  readonly signature: Signature;
  /** Log index of its first event. */
  readonly first: number;
  readonly events: readonly Uint8Array[];
}

/** Events follow their header without a gap, so the header is the nearest earlier leaf that is no event. */
async function readBatch(reader: LogReader, index: number, size: number): Promise<Batch> {
  const from = Math.max(0, index - LIMITS.batchEvents);
  let header: { readonly leaf: Uint8Array; readonly index: number } | undefined;
  let events: Uint8Array[] = [];
  for await (const each of reader.leaves(from, Math.min(size, index + LIMITS.batchEvents))) {
    if (isEventLeaf(each.leaf)) events.push(each.leaf);
    else if (each.index >= index) break;
    else {
      header = each;
      events = [];
    }
  }
  if (header === undefined || events.length === 0 || header.index + events.length < index) throw noEvent();
  const command = decodeLeaf(header.leaf);
  const signature = command.type === "command" ? command.signatures[0] : undefined;
  if (command.type !== "command" || signature === undefined) throw noEvent();
  return { bytes: command.bytes, signature, first: header.index + 1, events };
}

function makeAuthorship(reader: LogReader, batch: Batch, place: number): Authorship | null {
  const { keyId: id, suite, signature } = batch.signature;
  const publicKey = memberKey(reader, id, suite);
  // Only headers of batches end with the root that the proof's path leads to.
  if (publicKey === undefined || parseTransaction(batch.bytes).kind !== "events.batch") return null;
  const path = inclusionPath(primitives, packedTree(batch.events), place, batch.events.length);
  return { head: batch.bytes.subarray(0, -32), place, path, keyId: id, suite, publicKey, signature };
}

function memberKey(reader: LogReader, id: Bytes, suite: string): Uint8Array | undefined {
  const keys = reader.genesis.organisations.flatMap((o) => o.keys).filter((k) => k.suite === suite);
  return keys.find((k) => equal(keyId(primitives, suiteOf(k.suite).id, k.publicKey), id))?.publicKey;
}

/** Subtree hashes of a batch that fits into memory. */
function packedTree(leaves: readonly Uint8Array[]): HashReader {
  const packed = new Uint8Array(leaves.length * 32);
  leaves.forEach((leaf, i) => packed.set(leafHash(primitives, leaf), 32 * i));
  return {
    hash(level, index) {
      const width = 2 ** level * 32;
      return treeHash(primitives, packed.subarray(index * width, (index + 1) * width));
    },
  };
}

const noEvent = () => nodeError("node/bad-proof-index", "no event stands at this index of the log");
