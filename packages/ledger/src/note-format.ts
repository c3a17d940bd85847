/**
 * The form of a signed note (C2SP signed-note): a text and signature lines below a blank line. Reading one proves
 * nothing; see `openNote`.
 */
import { concat, fromBase64, invariant, toBase64, utf8 } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";

export const NOTE_LIMITS = { noteBytes: 64 * 1024, signatures: 64 } as const;

export interface NoteSignature {
  readonly name: string;
  /** First 4 bytes of the key's hash as a big-endian number: a hint, not an identity. */
  readonly keyId: number;
  /** What follows the key id: 64 bytes for Ed25519, 8 + 64 for a cosignature. */
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends with a newline; what the signatures cover. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const SIGNATURE_START = "\u2014 ";
// Everything below U+0020 except the newline; refused so that no terminal or parser is fooled.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what this looks for
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** Key names: not empty, no white space of any script, no plus, nothing that could end a line. */
export const isKeyName = (name: string): boolean => /^[^\s\u0085+]{1,255}$/u.test(name) && !CONTROL.test(name);

/** @throws AnamnesisError `ledger/malformed`, or `ledger/too-large` above 64 KiB or 64 signatures */
export function parseNote(note: string): Note {
  if (note.length > NOTE_LIMITS.noteBytes || utf8(note).length > NOTE_LIMITS.noteBytes) throw tooLarge("64 KiB");
  if (!note.isWellFormed() || CONTROL.test(note)) throw malformed("it holds characters that a note must not hold");
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw malformed("no blank line before the signatures");
  const lines = note.slice(end + 2).split("\n");
  if (lines.pop() !== "" || lines.length === 0) throw malformed("no signature lines, or the last one is cut off");
  if (lines.length > NOTE_LIMITS.signatures) throw tooLarge(`${NOTE_LIMITS.signatures} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [name, encoded, more] = line.startsWith(SIGNATURE_START) ? line.slice(SIGNATURE_START.length).split(" ") : [];
  if (name === undefined || encoded === undefined || more !== undefined || !isKeyName(name)) {
    throw malformed("a signature line is not `— name base64`");
  }
  const bytes = base64(encoded);
  if (bytes.length < 5) throw malformed("a signature is too short");
  return { name, keyId: new DataView(bytes.buffer).getUint32(0), signature: bytes.slice(4) };
}

function base64(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch {
    throw malformed("a signature is not base64");
  }
}

/** @throws AnamnesisError `ledger/malformed` or `ledger/too-large` when the result would not parse back */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  if (!text.endsWith("\n")) throw malformed("the text does not end with a newline");
  const note = `${text}\n${signatures.map(formatSignature).join("")}`;
  parseNote(note);
  return note;
}

function formatSignature({ name, keyId, signature }: NoteSignature): string {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, keyId);
  return `${SIGNATURE_START}${name} ${toBase64(concat(id, signature))}\n`;
}

function malformed(why: string) {
  return ledgerError("ledger/malformed", `bad note: ${why}`);
}

function tooLarge(limit: string) {
  return ledgerError("ledger/too-large", `a note has at most ${limit}`);
}

/** For makers of notes: text that may be signed. */
export function assertNoteText(text: string): void {
  invariant(text.endsWith("\n") && text.isWellFormed() && !CONTROL.test(text), "the text of a note");
}
