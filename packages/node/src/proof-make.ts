/** The proof file of one event: its leaf, its way to a checkpoint, the signature over its batch, and who sealed the checkpoint. */
import { contract } from "@anamnesis/contracts";
import { type Bytes, equal, invariant, toHex } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import {
  type Authorship,
  decodeLeaf,
  decodeMemberKey,
  encodeProofFile,
  type Genesis,
  genesisHash,
  type HashReader,
  inclusionPath,
  isEventLeaf,
  LIMITS,
  type LogReader,
  leafHash,
  memberKeyPath,
  type ProofSeal,
  type ProvedState,
  parseCheckpoint,
  parseNote,
  parseTransaction,
  type Signature,
  statesBehind,
  type Trust,
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

/** A sealed checkpoint of the log and the trust chain to those who sealed it. */
export type SealedTrust = Pick<Trust, "links" | "target">;

/**
 * @param trust with it the proof leads to that sealed checkpoint and brings everything that a reader with the founding
 *   document needs; without it to the newest checkpoint
 * @throws AnamnesisError `node/bad-proof-index` when no event stands at `index` under the checkpoint, `ledger/damaged-tile`
 */
export async function proveEvent(reader: LogReader, index: number, trust?: SealedTrust): Promise<MadeProof> {
  const checkpoint = trust === undefined ? await reader.checkpoint() : sealedCheckpoint(trust);
  if (!Number.isSafeInteger(index) || index < 0 || index >= checkpoint.size) throw noEvent();
  const batch = await readBatch(reader, index, checkpoint.size);
  const leaf = batch.events[index - batch.first];
  invariant(leaf !== undefined, "the event inside its batch");
  const path = await reader.inclusion(index, checkpoint.size);
  const authorship = await makeAuthorship(reader, batch, index - batch.first);
  const seal = trust === undefined ? {} : { seal: await sealOf(reader, trust, checkpoint.size, authorship) };
  const file = encodeProofFile({ leaf, index, size: checkpoint.size, path, authorship, ...seal });
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

async function makeAuthorship(reader: LogReader, batch: Batch, place: number): Promise<Authorship | null> {
  const { keyId: id, suite, signature } = batch.signature;
  // Only headers of batches end with the root that the proof's path leads to.
  if (parseTransaction(batch.bytes).kind !== "events.batch") return null;
  const publicKey = foundingKey(reader.genesis, id, suite) ?? (await laterKey(reader, id, suite));
  if (publicKey === undefined) return null;
  const path = inclusionPath(primitives, packedTree(batch.events), place, batch.events.length);
  return { head: batch.bytes.subarray(0, -32), place, path, keyId: id, suite, publicKey, signature };
}

function foundingKey({ organisations }: Genesis, id: Bytes, suite: string): Uint8Array | undefined {
  const keys = organisations.flatMap((o) => o.keys).filter((k) => k.suite === suite);
  return keys.find((k) => equal(keyId(primitives, suiteOf(k.suite).id, k.publicKey), id))?.publicKey;
}

/** Keys that came after the foundation stand in the state, retired ones as well. */
async function laterKey(reader: LogReader, id: Bytes, suite: string): Promise<Uint8Array | undefined> {
  const { value } = await reader.read(memberKeyPath(toHex(id)));
  const record = value === undefined ? undefined : decodeMemberKey(value);
  return record?.suite === suite ? record.publicKey : undefined;
}

function sealedCheckpoint({ target }: SealedTrust): { readonly size: number; readonly note: string } {
  return { size: parseCheckpoint(parseNote(target.note).text).size, note: target.note };
}

async function sealOf(
  reader: LogReader,
  { links, target }: SealedTrust,
  size: number,
  authorship: Authorship | null,
): Promise<ProofSeal> {
  const genesis = genesisHash(primitives, reader.genesis);
  const founder = authorship === null || foundingKey(reader.genesis, authorship.keyId, authorship.suite) !== undefined;
  const key = founder ? undefined : await keyBehind(reader, size, memberKeyPath(toHex(authorship.keyId)));
  return { genesis, links, target, key };
}

async function keyBehind(reader: LogReader, size: number, path: string): Promise<ProvedState | undefined> {
  for await (const { proved } of statesBehind(primitives, contract, reader, new Set([size]), [path])) {
    return proved.get(path);
  }
  return undefined;
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
