/**
 * Checking a proof file offline. Reads as the ordered list of its checks; each one says whether it held, failed, or could
 * not be made and why: a check that was not made must never look like one that held.
 */
import { AnamnesisError, type Bytes, equal } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import {
  type CheckedProof,
  type CheckedProofSeal,
  type Checkpoint,
  checkProof,
  checkProofSeal,
  decodeEvent,
  decodeProofFile,
  type Event,
  formatTilePath,
  type Genesis,
  inclusionPath,
  isEventLeaf,
  leafHash,
  logOrigin,
  type NoteVerifier,
  noteVerifier,
  openNote,
  type ProofFile,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseVerifierKey,
  tileReader,
  tileWidth,
  verifyInclusion,
} from "@anamnesis/ledger";
import { nodeError } from "./errors.ts";
import { primitives } from "./system.ts";

export type CheckName = "leaf" | "inclusion" | "checkpoint-signature" | "seal" | "batch" | "authorship";

export interface Check {
  readonly name: CheckName;
  readonly result: "held" | "failed" | "not-made";
  /** Why it failed or was not made. */
  readonly why?: "no-key" | "no-authorship" | "no-tiles" | "no-genesis" | "later-key" | `${string}/${string}`;
}

export interface ProofVerdict {
  readonly holds: boolean;
  /** Every check was made and held: also whose checkpoint and whose event it is. */
  readonly complete: boolean;
  readonly index: number;
  readonly event: Event | null;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: Uint8Array };
  /** Organisation that signed the batch, when the genesis names its key. */
  readonly author: string | null;
  /** Who sealed the checkpoint, when the proof brings its seal and it held. */
  readonly seal: { readonly epoch: number; readonly cosigned: number; readonly of: number } | null;
  readonly checks: readonly Check[];
}

/** What a tile path gives, from a folder or a server that nobody needs to trust. */
export type FetchTile = (path: string) => Promise<Uint8Array | undefined>;

export interface ProofInput {
  readonly file: Bytes;
  /** A signed note; a proof that brings its seal needs none. */
  readonly checkpoint?: string | undefined;
  readonly genesis?: Genesis | undefined;
  readonly verifierKey?: string | undefined;
  readonly tiles?: FetchTile | undefined;
}

/**
 * @throws AnamnesisError `ledger/malformed` or `core/bad-encoding` when file or checkpoint cannot be read at all,
 *   `node/no-checkpoint` when neither brings a checkpoint
 */
export async function checkProofFile(input: ProofInput): Promise<ProofVerdict> {
  const proof = decodeProofFile(input.file);
  const note = input.checkpoint ?? proof.seal?.target.note;
  if (note === undefined) {
    throw nodeError("node/no-checkpoint", "this proof brings no checkpoint: name one from elsewhere with --checkpoint");
  }
  const checkpoint = parseCheckpoint(parseNote(note).text);
  const seal = checkSeal(proof, input.genesis);
  const event = isEventLeaf(proof.leaf) ? attempt(() => decodeEvent(proof.leaf)) : undefined;
  const author = attempt(() => checkProof(primitives, proof));
  const organisation = author.value?.author
    ? (organisationOf(input.genesis, author.value.author.keyId) ?? seal.checked?.author)
    : undefined;
  const checks: Check[] = [
    event?.value === undefined ? failed("leaf", event?.code ?? "ledger/malformed") : held("leaf"),
    await checkInclusion(proof, checkpoint, input.tiles),
    checkSignature(input, note, checkpoint, seal.checked?.set.logKey),
    ...seal.checks,
    ...checkAuthorship(proof, author, input.genesis, organisation),
  ];
  return {
    holds:
      checks.every((c) => c.result !== "failed") && checks.some((c) => c.name === "inclusion" && c.result === "held"),
    complete: checks.every((c) => c.result === "held"),
    index: proof.index,
    event: event?.value ?? null,
    checkpoint,
    author: organisation ?? null,
    seal: seal.checked === undefined ? null : sealOf(seal.checked),
    checks,
  };
}

const held = (name: CheckName): Check => ({ name, result: "held" });
const failed = (name: CheckName, why: NonNullable<Check["why"]>): Check => ({ name, result: "failed", why });
const notMade = (name: CheckName, why: NonNullable<Check["why"]>): Check => ({ name, result: "not-made", why });

interface Attempt<T> {
  readonly value?: T;
  readonly code?: `${string}/${string}`;
}

function attempt<T>(run: () => T): Attempt<T> {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof AnamnesisError) return { code: error.code as `${string}/${string}` };
    throw error;
  }
}

/** The checkpoint's size is the proof's, or the path is computed anew from tiles; either way only its root decides. */
async function checkInclusion(proof: ProofFile, checkpoint: Checkpoint, tiles: FetchTile | undefined): Promise<Check> {
  const hash = leafHash(primitives, proof.leaf);
  const leads = (path: readonly Uint8Array[]) =>
    verifyInclusion(primitives, hash, proof.index, checkpoint.size, path, checkpoint.root)
      ? held("inclusion")
      : failed("inclusion", "ledger/bad-proof");
  if (checkpoint.size === proof.size) return leads(proof.path);
  if (proof.index >= checkpoint.size) return failed("inclusion", "ledger/bad-proof");
  if (tiles === undefined) return notMade("inclusion", "no-tiles");
  const path = await pathFromTiles(tiles, proof.index, checkpoint.size);
  return path === undefined ? notMade("inclusion", "no-tiles") : leads(path);
}

const TILES_MAX = 64;

/** Runs the synchronous computation until it no longer asks for a tile that was not fetched yet. */
async function pathFromTiles(fetch: FetchTile, index: number, size: number): Promise<Uint8Array[] | undefined> {
  const got = new Map<string, Uint8Array>();
  for (let round = 0; round < TILES_MAX; round++) {
    let wanted: string | undefined;
    const read = (level: number, at: number) => {
      const path = formatTilePath({ level, index: at, width: tileWidth(level, at, size) });
      const data = got.get(path);
      if (data === undefined) wanted = path;
      return data;
    };
    const path = attempt(() => inclusionPath(primitives, tileReader(primitives, read, size), index, size));
    if (path.value !== undefined) return path.value;
    const data = wanted === undefined ? undefined : await fetchTile(fetch, wanted);
    if (wanted === undefined || data === undefined) return undefined;
    got.set(wanted, data);
  }
  return undefined;
}

/** A log that has grown may keep the full tile only: its beginning is the partial one. */
async function fetchTile(fetch: FetchTile, path: string): Promise<Uint8Array | undefined> {
  const exact = await fetch(path);
  if (exact !== undefined || !path.includes(".p/")) return exact;
  const { level, index, width } = parseTilePath(path);
  const full = await fetch(formatTilePath({ level, index, width: 256 }));
  return full?.subarray(0, width * 32);
}

interface SealResult {
  readonly checks: readonly Check[];
  readonly checked?: CheckedProofSeal;
}

/** A proof without a seal claims none; one that brings it is held to it. */
function checkSeal(proof: ProofFile, genesis: Genesis | undefined): SealResult {
  const { seal } = proof;
  if (seal === undefined) return { checks: [] };
  if (genesis === undefined) return { checks: [notMade("seal", "no-genesis")] };
  const { value, code } = attempt(() => checkProofSeal(primitives, genesis, proof, seal));
  if (value === undefined) return { checks: [failed("seal", code ?? "ledger/bad-proof")] };
  return { checks: [held("seal")], checked: value };
}

const sealOf = ({ set, cosigned, of }: CheckedProofSeal) => ({ epoch: set.epoch, cosigned, of });

/** @param logKey the log's key by the newest members, where a seal led to them */
function checkSignature(input: ProofInput, note: string, checkpoint: Checkpoint, logKey?: Uint8Array): Check {
  const key = attempt(() => verifierOf(input, logKey));
  if (key.code !== undefined) return failed("checkpoint-signature", key.code);
  if (key.value === undefined) return notMade("checkpoint-signature", "no-key");
  const verifier = key.value;
  const opened = attempt(() => openNote(primitives, note, [verifier]));
  if (opened.code !== undefined) return failed("checkpoint-signature", opened.code);
  // A key signs for one log only: its name is the origin.
  if (verifier.name !== checkpoint.origin) return failed("checkpoint-signature", "ledger/bad-checkpoint");
  return held("checkpoint-signature");
}

function verifierOf({ genesis, verifierKey }: ProofInput, logKey?: Uint8Array): NoteVerifier | undefined {
  if (verifierKey !== undefined) return parseVerifierKey(primitives, verifierKey.trim());
  if (genesis === undefined) return undefined;
  return noteVerifier(primitives, logOrigin(genesis.chain), "ed25519", logKey ?? genesis.logKey);
}

function checkAuthorship(
  proof: ProofFile,
  author: Attempt<CheckedProof>,
  genesis: Genesis | undefined,
  organisation: string | undefined,
): Check[] {
  if (proof.authorship === null) return [notMade("batch", "no-authorship"), notMade("authorship", "no-authorship")];
  if (author.code !== undefined) return [failed("batch", author.code), failed("authorship", author.code)];
  if (genesis === undefined) return [held("batch"), notMade("authorship", "no-genesis")];
  if (organisation !== undefined) return [held("batch"), held("authorship")];
  // The founding document names no key that came later: whose this one is, only a seal can show.
  const sealed = proof.seal !== undefined;
  return [held("batch"), sealed ? failed("authorship", "ledger/unknown-key") : notMade("authorship", "later-key")];
}

function organisationOf(genesis: Genesis | undefined, id: Bytes): string | undefined {
  return genesis?.organisations.find((o) =>
    o.keys.some((k) => equal(keyId(primitives, suiteOf(k.suite).id, k.publicKey), id)),
  )?.id;
}
