/**
 * `npm run bench -- proofs`: the proof of one event at 10³ … 10⁷ events: bytes beyond the inclusion path and the leaf itself,
 * and the time to check it with and without the author's signature. Leaves are synthetic; the tree is built from tiles in memory.
 */
import { encodeBatchBody, START } from "@anamnesis/contracts";
import { chainId, sourceId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  type Authorship,
  appendTiles,
  checkProof,
  decodeProofFile,
  encodeEvent,
  encodeProofFile,
  type Frontier,
  inclusionPath,
  leafHashes,
  type ProofFile,
  signTransaction,
  tileReader,
  treeHash,
} from "@anamnesis/ledger";
import { type Bench, type Figure, median } from "./harness.ts";

const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7];
const BATCH = 4096;
const CHECKS = 300;
const CHUNK = 100_000;

const signer = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(1));
const event = (i: number): Uint8Array =>
  encodeEvent({
    kind: "update",
    source: "ehr",
    table: new Uint8Array(8),
    row: new Uint8Array(16),
    schema: new Uint8Array(8),
    commitment: new Uint8Array(32),
    lsn: 0x16b374d848n + BigInt(i),
    ordinal: 1,
    xid: 7n,
    time: 1_790_000_000_000_000,
    actor: new Uint8Array(16),
    purpose: "TREAT",
  });

/** A tree of `size` leaves; the first batch of events is real (its paths are the longest), the others are stand-ins. */
function treeOf(size: number, events: readonly Uint8Array[]) {
  const tiles = new Map<string, Uint8Array>();
  const read = (level: number, index: number) => tiles.get(`${level}/${index}`);
  let frontier: Frontier | undefined;
  let root: Uint8Array = new Uint8Array(32);
  let at = 0;
  const append = (hashes: Uint8Array) => {
    const appended = appendTiles(native, read, at, hashes, frontier);
    for (const { level, index, data } of appended.writes) tiles.set(`${level}/${index}`, data);
    ({ frontier, root, size: at } = appended);
  };
  append(leafHashes(native, events));
  while (at < size) append(standIns(at, Math.min(CHUNK, size - at)));
  return { root, reader: tileReader(native, read, size) };
}

function standIns(from: number, count: number): Uint8Array {
  const hashes = new Uint8Array(32 * count);
  const view = new DataView(hashes.buffer);
  for (let i = 0; i < count; i++) view.setFloat64(32 * i, from + i);
  return hashes;
}

function authorshipOf(events: readonly Uint8Array[], place: number): Authorship {
  const hashes = leafHashes(native, events);
  const to = { lsn: 0xffff_ffff_ffffn, ordinal: 1 };
  const root = treeHash(native, hashes);
  const header = {
    source: sourceId("ehr"),
    incarnation: new Uint8Array(8),
    from: START,
    to,
    count: events.length,
    root,
  };
  const body = encodeBatchBody(header);
  const transaction = { chain: chainId("bench"), kind: "events.batch", nonce: 1, expires: 4_000_000_000, body };
  const { bytes, signatures } = signTransaction(native, transaction, [signer], events);
  const [signature] = signatures;
  if (signature === undefined) throw new Error("no signature");
  const reader = {
    hash: (level: number, index: number) =>
      treeHash(native, hashes.subarray(32 * index * 2 ** level, 32 * (index + 1) * 2 ** level)),
  };
  const path = inclusionPath(native, reader, place, events.length);
  const { publicKey } = signer;
  return { ...signature, head: bytes.subarray(0, bytes.length - 32), place, path, publicKey };
}

function measure(size: number, say: (line: string) => void): Figure[] {
  const events = Array.from({ length: Math.min(BATCH, size) }, (_, i) => event(i));
  const place = Math.floor(events.length / 3);
  const leaf = events[place] ?? new Uint8Array(0);
  const index = place;
  const { root, reader } = treeOf(size, events);
  const path = inclusionPath(native, reader, index, size);
  const bare: ProofFile = { leaf, index, size, path, authorship: null };
  const signed: ProofFile = { ...bare, authorship: authorshipOf(events, place) };
  const file = encodeProofFile(bare);
  const long = encodeProofFile(signed);
  say(`${size.toExponential()} events: ${path.length} hashes; ${file.length} bytes, with authorship ${long.length}`);
  const most = 32 * Math.ceil(Math.log2(size));
  const events10 = `10^${Math.log10(size)} events`;
  const ms = (bytes: Uint8Array) => checkMs(bytes, root);
  return [
    { name: `proof, ${events10}: whole file`, value: file.length, unit: "bytes", n: 1 },
    { name: `proof, ${events10}: path`, value: 32 * path.length, unit: "bytes", n: 1, aim: { most } },
    {
      name: `proof, ${events10}: besides path and leaf`,
      value: file.length - 32 * path.length - leaf.length,
      unit: "bytes",
      n: 1,
      aim: { most: 99 },
    },
    {
      name: `proof, ${events10}: authorship`,
      value: long.length - file.length,
      unit: "bytes",
      n: 1,
      aim: { most: 599 },
    },
    { name: `proof, ${events10}: check`, value: ms(file), unit: "ms", n: CHECKS },
    { name: `proof, ${events10}: check with signature`, value: ms(long), unit: "ms", n: CHECKS, aim: { most: 1 } },
  ];
}

/** Median over many checks, each from the bytes of the file to the comparison of roots. */
function checkMs(bytes: Uint8Array, root: Uint8Array): number {
  const times: number[] = [];
  for (let i = 0; i < CHECKS; i++) {
    const started = performance.now();
    const checked = checkProof(native, decodeProofFile(bytes));
    times.push(performance.now() - started);
    if (Buffer.compare(checked.root, root) !== 0) throw new Error("the proof leads to another root");
  }
  return median(times);
}

export const bench: Bench = async (say) => {
  return SIZES.flatMap((size) => measure(size, say));
};
