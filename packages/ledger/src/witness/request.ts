/** The body of `add-checkpoint` (C2SP tlog-witness): `old <size>`, a consistency proof, an empty line, a signed checkpoint. */
import { fromBase64, invariant, toBase64 } from "@anamnesis/core";
import { type Checkpoint, parseCheckpoint } from "../checkpoint.ts";
import { ledgerError } from "../errors.ts";
import { isHash, isSize } from "../merkle.ts";
import { NOTE_LIMITS, parseNote } from "../note-format.ts";

export interface AddCheckpoint {
  /** Size from which the proof leads to the checkpoint's; what the witness is thought to have cosigned last. */
  readonly old: number;
  /** Consistency proof (RFC 6962 §2.1.2), at most 63 hashes. */
  readonly proof: readonly Uint8Array[];
  /** The whole signed note. */
  readonly note: string;
  /** Its first three lines. Nothing is checked yet. */
  readonly checkpoint: Checkpoint;
}

const PROOF_HASHES_MAX = 63;
const PROOF_LINE = 45;
/** Larger than any request that can be answered with a cosignature. */
export const ADD_CHECKPOINT_BYTES_MAX = NOTE_LIMITS.noteBytes + (PROOF_HASHES_MAX + 1) * PROOF_LINE;

/** @throws AnamnesisError `ledger/malformed`, `ledger/too-large` */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const end = body.indexOf("\n\n");
  if (end < 0) throw malformed("no empty line behind the consistency proof");
  const [first = "", ...lines] = body.slice(0, end).split("\n");
  if (lines.length > PROOF_HASHES_MAX) throw malformed(`more than ${PROOF_HASHES_MAX} hashes in the proof`);
  const note = body.slice(end + 2);
  return { old: oldSize(first), proof: lines.map(proofHash), note, checkpoint: checkpointOf(parseNote(note).text) };
}

function oldSize(line: string): number {
  const [, digits = ""] = /^old (0|[1-9][0-9]{0,15})$/.exec(line) ?? [];
  if (digits === "" || !isSize(Number(digits))) throw malformed("the first line is not `old` and a size");
  return Number(digits);
}

function proofHash(line: string): Uint8Array {
  let hash: Uint8Array;
  try {
    hash = fromBase64(line);
  } catch {
    throw malformed("a hash of the proof is not base64");
  }
  if (!isHash(hash)) throw malformed("a hash of the proof is not 32 bytes long");
  return hash;
}

/**
 * The three lines of a checkpoint that say something to a witness. Logs of others may put extension lines behind them
 * (C2SP tlog-checkpoint); a cosignature covers those without a word about them.
 * @throws AnamnesisError `ledger/malformed`
 */
export function checkpointOf(text: string): Checkpoint {
  const lines = text.split("\n");
  const extensions = lines.slice(3, -1);
  if (extensions.includes("")) throw malformed("an extension line of the checkpoint is empty");
  return parseCheckpoint(`${lines.slice(0, 3).join("\n")}\n`);
}

/** What a log sends. */
export function formatAddCheckpoint(request: Pick<AddCheckpoint, "old" | "proof" | "note">): string {
  const { old, proof, note } = request;
  invariant(isSize(old) && proof.length <= PROOF_HASHES_MAX && proof.every(isHash), "an old size and a proof");
  return `old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${note}`;
}

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad add-checkpoint request: ${why}`);
}
