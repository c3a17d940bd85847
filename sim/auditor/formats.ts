/** The formats of spec/encoding.md and spec/log.md, read by the auditor's own means. A RangeError says what does not fit. */
import { createPublicKey, verify } from "node:crypto";
import { type Item, readCbor } from "./cbor.ts";
import { sha256 } from "./trees.ts";

const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8");
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export interface Note {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** A checkpoint signed by the log's key (Ed25519, signed-note type 1), checked. */
export function openNote(note: string, logKey: Uint8Array): Note {
  const cut = note.lastIndexOf("\n\n");
  const body = note.slice(0, cut + 1);
  const [origin = "", size = "", root = "", ...rest] = body.split("\n");
  if (rest.length !== 1 || rest[0] !== "") throw new RangeError("a checkpoint has three lines");
  const keyId = sha256(utf8(`${origin}\n`), Uint8Array.of(1), logKey).subarray(0, 4);
  const signed = note
    .slice(cut + 2)
    .split("\n")
    .filter((line) => line.startsWith(`— ${origin} `))
    .map((line) => Buffer.from(line.split(" ")[2] ?? "", "base64"))
    .filter((bytes) => bytes.length === 68 && bytes.subarray(0, 4).equals(keyId));
  if (!signed.some((bytes) => ed25519(logKey, utf8(body), bytes.subarray(4)))) {
    throw new RangeError("no signature by the log's key");
  }
  return { origin, size: Number(size), root: Buffer.from(root, "base64") };
}

export function ed25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const x = Buffer.from(publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, message, key, signature);
}

export interface Signature {
  readonly keyId: string;
  readonly suite: string;
  readonly signature: Uint8Array;
}

export interface Command {
  readonly id: string;
  readonly chain: string;
  readonly kind: string;
  readonly nonce: bigint;
  /** Seconds since 1970. */
  readonly expires: bigint;
  readonly body: Item;
  readonly signatures: readonly Signature[];
  /** What each signature covers, after the suite's name. */
  readonly idBytes: Uint8Array;
}

export function readCommand(bytes: Uint8Array, signatures: readonly Signature[]): Command {
  const [version, chain, kind, nonce, expires, body] = list(readCbor(bytes), 6);
  if (version !== 1n) throw new RangeError("a transaction of another version");
  const [first] = signatures;
  if (first === undefined) throw new RangeError("a transaction without signatures");
  const idBytes = sha256(utf8("anamnesis/tx/v2\0"), Buffer.from(first.keyId, "hex"), bytes);
  const fields = { chain: str(chain), kind: str(kind), nonce: uint(nonce), expires: uint(expires), body: body ?? null };
  return { id: hex(idBytes), ...fields, signatures, idBytes };
}

/** Verdicts by signature, key and message: the same question comes often. */
const known = new WeakMap<Signature, Map<string, boolean>>();

export function signatureFits(command: Command, signature: Signature, publicKey: Uint8Array): boolean {
  const verdicts = known.get(signature) ?? new Map<string, boolean>();
  known.set(signature, verdicts);
  const question = command.id + hex(publicKey);
  const message = Buffer.concat([utf8(`anamnesis/sig/v1\0${signature.suite}\0`), command.idBytes]);
  const verdict = verdicts.get(question) ?? ed25519(publicKey, message, signature.signature);
  verdicts.set(question, verdict);
  return verdict;
}

export const keyIdOf = (suite: string, publicKey: Uint8Array): string =>
  hex(sha256(utf8(`anamnesis/key/v1\0${suite}\0`), publicKey).subarray(0, 16));

export type Leaf =
  | { readonly type: "block"; readonly sequence: bigint; readonly time: bigint; readonly stateRoot: Uint8Array }
  | { readonly type: "command"; readonly command: Command }
  | { readonly type: "event"; readonly fields: readonly Item[] }
  | { readonly type: "genesis"; readonly document: Uint8Array };

export function readLeaf(leaf: Uint8Array): Leaf {
  const fields = list(readCbor(leaf));
  if (fields[0] === 0n) {
    return { type: "block", sequence: uint(fields[1]), time: uint(fields[2]), stateRoot: bytes(fields[3]) };
  }
  if (fields[0] === 1n) {
    return { type: "command", command: readCommand(bytes(fields[1]), list(fields[2]).map(readSignature)) };
  }
  if (fields[0] === 2n && fields.length === 13) return { type: "event", fields };
  if (fields[0] === 3n) return { type: "genesis", document: bytes(fields[1]) };
  throw new RangeError("a leaf of no known type");
}

export function readSignature(item: Item): Signature {
  const [keyId, suite, signature] = list(item, 3);
  return { keyId: hex(bytes(keyId)), suite: str(suite), signature: bytes(signature) };
}

export function list(item: Item | undefined, length?: number): readonly Item[] {
  if (!Array.isArray(item) || (length !== undefined && item.length !== length)) throw new RangeError("not that list");
  return item as readonly Item[];
}

export function bytes(item: Item | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RangeError("not bytes");
  return item;
}

export function str(item: Item | undefined): string {
  if (typeof item !== "string") throw new RangeError("not a text");
  return item;
}

export function uint(item: Item | undefined): bigint {
  if (typeof item !== "bigint" || item < 0n) throw new RangeError("not an unsigned integer");
  return item;
}
