/**
 * A witness (C2SP tlog-witness): cosigns checkpoints of logs it knows, each only as the continuation of the one before. So nobody
 * who demands its cosignature can be shown a log that was rewritten or split in two. A follower is a witness with one
 * question more (`vouches`): have I replayed exactly this tree?
 */
import { type Bytes, type Clock, equal, fromUtf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Checkpoint } from "../checkpoint.ts";
import { knownError } from "../errors.ts";
import { emptyRoot, verifyConsistency } from "../merkle.ts";
import { type Cosigner, formatNote, type NoteSignature, type NoteVerifier, openNote, parseNote } from "../note.ts";
import { ADD_CHECKPOINT_BYTES_MAX, type AddCheckpoint, parseAddCheckpoint } from "./request.ts";
import type { WitnessedTree, WitnessStore } from "./store.ts";

export interface WitnessDeps {
  readonly primitives: Primitives;
  readonly clock: Clock;
  readonly cosigner: Cosigner;
  readonly store: WitnessStore;
  /** Keys of the log with this origin line; `undefined` for a log that this witness does not know. */
  readonly logKeys: (origin: string) => readonly NoteVerifier[] | undefined;
  /**
   * Asked once signature and consistency hold: may this tree be cosigned? `wait` = not yet, the same request may be sent again
   * (503); `no` = never (422). Without it a consistent tree is enough.
   */
  readonly vouches?: (checkpoint: Checkpoint) => Promise<"yes" | "wait" | "no">;
  /** Told every note that a key of the log signed, whatever becomes of the request: for those who hold it against others. */
  readonly seen?: (note: string, checkpoint: Checkpoint) => void;
}

/** What goes back over HTTP. Texts for refusals are for the log's operator; only status and size are the protocol's. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 413 | 422 | 503;
  readonly type: "text/plain; charset=utf-8" | "text/x.tlog.size";
  readonly body: string;
}

/** Somebody else may cosign between our look and our step; after so many times the caller is told to look again. */
const TRIES_MAX = 3;
const MS_PER_SECOND = 1000;

/**
 * Answers one `add-checkpoint` request. 200 = the cosignature; 409 = `old` is not the size cosigned last, which the body tells, or
 * that size was cosigned with another root; 422 = not a continuation of it. The tree is in the store before the
 * cosignature is in the answer.
 * @throws only what the store or `vouches` throw: nothing was cosigned then
 */
export async function handleAddCheckpoint(deps: WitnessDeps, body: Bytes): Promise<WitnessAnswer> {
  if (body.length > ADD_CHECKPOINT_BYTES_MAX) return refuse(413, "the request is larger than any checkpoint");
  const request = parsed(body);
  if (typeof request === "string") return refuse(400, request);
  const { checkpoint, old } = request;
  const keys = deps.logKeys(checkpoint.origin);
  if (keys === undefined) return refuse(404, "this witness does not know the log of that origin");
  const signatures = signaturesOf(deps.primitives, request.note, keys);
  if (signatures === undefined) return refuse(403, "no valid signature by a key that this witness knows for the log");
  deps.seen?.(formatNote(parseNote(request.note).text, signatures), checkpoint);
  if (old > checkpoint.size) return refuse(400, "the old size is above the checkpoint's");
  let latest = await deps.store.latest(checkpoint.origin);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const refused = check(deps.primitives, request, latest) ?? (await ask(deps, checkpoint));
    if (refused !== undefined) return refused;
    const { answer, next } = cosigned(deps, request, signatures);
    if (await deps.store.replace(checkpoint.origin, latest, next)) return answer;
    latest = await deps.store.latest(checkpoint.origin);
  }
  return refuse(503, "too many requests at once: send it again");
}

function parsed(body: Bytes): AddCheckpoint | string {
  try {
    return parseAddCheckpoint(fromUtf8(body));
  } catch (error) {
    const known = knownError(error);
    return known === undefined || known.code === "core/bad-encoding" ? "the request is not UTF-8" : known.message;
  }
}

/** The signatures by the log's own keys; others are neither believed nor kept. */
function signaturesOf(
  p: Primitives,
  note: string,
  keys: readonly NoteVerifier[],
): readonly NoteSignature[] | undefined {
  try {
    const { verified } = openNote(p, note, keys);
    const isKnown = (s: NoteSignature) => verified.some((v) => v.name === s.name && v.keyId === s.keyId);
    return parseNote(note).signatures.filter(isKnown);
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}

function check(
  p: Primitives,
  { old, proof, checkpoint }: AddCheckpoint,
  latest: WitnessedTree | undefined,
): WitnessAnswer | undefined {
  const before = latest ?? { size: 0, root: emptyRoot(p) };
  const sameSize = old === checkpoint.size;
  if (old !== before.size || (sameSize && !equal(before.root, checkpoint.root))) return conflict(before.size);
  if (verifyConsistency(p, before, checkpoint, proof)) return undefined;
  return refuse(422, "the proof does not show that this checkpoint continues the one cosigned last");
}

async function ask({ vouches }: WitnessDeps, checkpoint: Checkpoint): Promise<WitnessAnswer | undefined> {
  switch ((await vouches?.(checkpoint)) ?? "yes") {
    case "yes":
      return undefined;
    case "wait":
      return refuse(503, "this tree is not replayed yet: send it again");
    case "no":
      return refuse(422, "replaying the log gives another tree");
  }
}

function cosigned(
  { cosigner, clock }: WitnessDeps,
  { note, checkpoint }: AddCheckpoint,
  signatures: readonly NoteSignature[],
): { readonly answer: WitnessAnswer; readonly next: WitnessedTree } {
  const { text } = parseNote(note);
  const time = Math.floor(clock.now() / MS_PER_SECOND);
  const signature = cosigner.cosign(text, time);
  const { size, root } = checkpoint;
  const line = formatNote(text, [signature]).slice(text.length + 1);
  return {
    answer: { status: 200, type: "text/plain; charset=utf-8", body: line },
    next: { size, root, time, note: formatNote(text, [...signatures, signature]) },
  };
}

const conflict = (size: number): WitnessAnswer => ({ status: 409, type: "text/x.tlog.size", body: `${size}\n` });

const refuse = (status: WitnessAnswer["status"], why: string): WitnessAnswer => ({
  status,
  type: "text/plain; charset=utf-8",
  body: `${why}\n`,
});
