/**
 * A second opinion on a log's files, written from the texts alone (RFC 6962 §2.1, C2SP signed-note, tlog-checkpoint, tlog-tiles,
 * tlog-cosignature) and sharing no code with the packages: only `node:` modules are imported, and a test holds it to that.
 *
 *     node tools/independent/tlog.ts FOLDER [VERIFIER-KEY …]
 */
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";

const WIDTH = 256;
const HASH = 32;
/** DER prefix of an Ed25519 public key (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

export interface Tree {
  readonly size: number;
  readonly root: Buffer;
}

/** Reads one file of a log by its path, or nothing. */
export type Read = (path: string) => Buffer | undefined;

export const fromFolder =
  (folder: string): Read =>
  (path) =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path)) : undefined;

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const leafOf = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry);
const nodeOf = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right);

/** MTH of RFC 6962 §2.1, by its definition. */
export function treeHead(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeOf(treeHead(leaves.slice(0, k)), treeHead(leaves.slice(k)));
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** PATH(m, D[n]) of RFC 6962 §2.1.1. */
export function auditPath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...auditPath(m, leaves.slice(0, k)), treeHead(leaves.slice(k))]
    : [...auditPath(m - k, leaves.slice(k)), treeHead(leaves.slice(0, k))];
}

/** Root that an audit path leads to, by the same recursion. */
export function rootByPath(leaf: Buffer, m: number, n: number, path: readonly Buffer[]): Buffer {
  if (n <= 1) {
    if (path.length > 0) throw new Error("the audit path is too long");
    return leaf;
  }
  const sibling = path.at(-1);
  if (sibling === undefined) throw new Error("the audit path is too short");
  const k = split(n);
  const rest = path.slice(0, -1);
  return m < k ? nodeOf(rootByPath(leaf, m, k, rest), sibling) : nodeOf(sibling, rootByPath(leaf, m - k, n - k, rest));
}

/** PROOF(m, D[n]) of RFC 6962 §2.1.2. */
export function consistencyPath(m: number, leaves: readonly Buffer[], whole = true): Buffer[] {
  const n = leaves.length;
  if (m === n) return whole ? [] : [treeHead(leaves)];
  const k = split(n);
  return m <= k
    ? [...consistencyPath(m, leaves.slice(0, k), whole), treeHead(leaves.slice(k))]
    : [...consistencyPath(m - k, leaves.slice(k), false), treeHead(leaves.slice(0, k))];
}

/** Three digits at a time, all groups but the last with an `x` (tlog-tiles, "Merkle Tree"). */
function indexPath(index: number): string {
  let rest = Math.floor(index / 1000);
  let path = String(index % 1000).padStart(3, "0");
  for (; rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  return path;
}

const tilePath = (level: string, index: number, width: number): string =>
  `tile/${level}/${indexPath(index)}${width === WIDTH ? "" : `.p/${width}`}`;

/** Entries of a bundle: big-endian 16-bit length, then the bytes. */
export function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bundle.length) {
    if (at + 2 > bundle.length) throw new Error("a bundle ends inside a length");
    const length = bundle.readUInt16BE(at);
    if (at + 2 + length > bundle.length) throw new Error("a bundle ends inside an entry");
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

interface Note {
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly id: string; readonly bytes: Buffer }[];
}

function noteOf(note: string): Note {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) throw new Error("not a signed note");
  const lines = note.slice(at + 2, -1).split("\n");
  const signatures = lines.map((line) => {
    const [, name, data] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    if (name === undefined || data === undefined) throw new Error("a signature line that is none");
    const bytes = Buffer.from(data, "base64");
    return { name, id: bytes.subarray(0, 4).toString("hex"), bytes: bytes.subarray(4) };
  });
  return { text: note.slice(0, at + 1), signatures };
}

/** Whether the key of a verifier line (`name+id+base64`) signed the note: type 1 plainly, type 4 with a time before it. */
export function signedBy(note: string, verifierKey: string): boolean {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(verifierKey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) throw new Error("not a verifier key");
  const material = Buffer.from(encoded, "base64");
  if (
    sha256(Buffer.from(`${name}\n`), material)
      .subarray(0, 4)
      .toString("hex") !== id
  ) {
    throw new Error("the verifier key's id does not fit its name and key");
  }
  const key = createPublicKey({ key: Buffer.concat([SPKI, material.subarray(1)]), format: "der", type: "spki" });
  const { text, signatures } = noteOf(note);
  return signatures.some((s) => {
    if (s.name !== name || s.id !== id) return false;
    if (material[0] === 1) return verifySignature(null, Buffer.from(text), key, s.bytes);
    if (material[0] !== 4) throw new Error("a verifier key of another type");
    const time = s.bytes.readBigUInt64BE(0);
    return verifySignature(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), key, s.bytes.subarray(8));
  });
}

export function checkpointOf(note: string): Tree & { readonly origin: string } {
  const [origin, size, root] = noteOf(note).text.split("\n");
  if (origin === undefined || origin === "" || !/^(0|[1-9]\d*)$/.test(size ?? "")) throw new Error("not a checkpoint");
  const hash = Buffer.from(root ?? "", "base64");
  if (hash.length !== HASH) throw new Error("a root that is not 32 bytes long");
  return { origin, size: Number(size), root: hash };
}

/** Every entry's leaf hash, read from all bundles; every tile of every level compared with what they give. */
export function leavesOf(read: Read, size: number): Buffer[] {
  const leaves: Buffer[] = [];
  for (let index = 0; index * WIDTH < size; index++) {
    const width = Math.min(WIDTH, size - index * WIDTH);
    const entries = entriesOf(needed(read, tilePath("entries", index, width)));
    if (entries.length !== width) throw new Error(`bundle ${index} has ${entries.length} entries in place of ${width}`);
    leaves.push(...entries.map(leafOf));
  }
  let hashes = leaves;
  for (let level = 0; hashes.length > 0; level++) {
    checkLevel(read, level, hashes);
    hashes = Array.from({ length: Math.floor(hashes.length / WIDTH) }, (_, i) =>
      treeHead(hashes.slice(i * WIDTH, (i + 1) * WIDTH)),
    );
  }
  return leaves;
}

function checkLevel(read: Read, level: number, hashes: readonly Buffer[]): void {
  for (let index = 0; index * WIDTH < hashes.length; index++) {
    const expected = hashes.slice(index * WIDTH, (index + 1) * WIDTH);
    const path = tilePath(String(level), index, expected.length);
    if (!needed(read, path).equals(Buffer.concat(expected))) throw new Error(`${path} does not fit its entries`);
  }
}

function needed(read: Read, path: string): Buffer {
  const data = read(path);
  if (data === undefined) throw new Error(`${path} is missing`);
  return data;
}

/** Checks the whole log. @throws Error at the first thing that is not as the texts demand */
export function checkLog(read: Read, verifierKeys: readonly string[]) {
  const note = needed(read, "checkpoint").toString("utf8");
  const { origin, size, root } = checkpointOf(note);
  for (const key of verifierKeys) if (!signedBy(note, key)) throw new Error(`${key} did not sign the checkpoint`);
  const leaves = leavesOf(read, size);
  if (!treeHead(leaves).equals(root)) throw new Error("the entries do not lead to the checkpoint's root");
  return { origin, size, root, leaves };
}

if (import.meta.main) {
  const [folder, ...keys] = argv.slice(2);
  if (folder === undefined) throw new Error("usage: node tools/independent/tlog.ts FOLDER [VERIFIER-KEY …]");
  const { origin, size, root } = checkLog(fromFolder(folder), keys);
  console.log(
    `${origin}: ${size} entries, root ${root.toString("base64")}, ${keys.length} signatures: all as it should be`,
  );
}
