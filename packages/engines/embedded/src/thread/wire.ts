/** What goes between the thread of an engine and the one that uses it. Everything here survives a structured clone. */
import { AnamnesisError, type Details } from "@anamnesis/core";
import {
  type FinalBlock,
  type Health,
  type PackedAttachments,
  packAttachments,
  type Receipt,
  type SignedTransaction,
  unpackAttachments,
} from "@anamnesis/ledger";

/** A transaction with its attachments in one array: cloning thousands of small ones costs more than executing them. */
export interface PackedTransaction extends Bare {
  readonly packed: PackedAttachments;
}

/** A transaction without its attachments. */
export type Bare = Omit<SignedTransaction, "attachments">;

export type Request =
  | { readonly n: number; readonly ask: "submit"; readonly transaction: PackedTransaction }
  /** Answered by "root" first, to which the other side says "signed". */
  | { readonly n: number; readonly ask: "attach"; readonly packed: PackedAttachments }
  /** To the same number. Null: it could not be signed. */
  | { readonly n: number; readonly ask: "signed"; readonly transaction: Bare | null }
  | { readonly n: number; readonly ask: "receipt"; readonly id: Uint8Array }
  | { readonly n: number; readonly ask: "health" | "close" };

export type Answer = Receipt | Health | undefined;

export type Reply =
  /** First of all: the ledger is open, or why not. */
  | { readonly tell: "open" }
  | { readonly tell: "refused"; readonly error: WireError }
  | { readonly tell: "root"; readonly n: number; readonly root: Uint8Array }
  | { readonly tell: "answer"; readonly n: number; readonly value: Answer }
  | { readonly tell: "error"; readonly n: number; readonly error: WireError }
  /** Each block, before the receipts of its transactions. */
  | { readonly tell: "block"; readonly block: FinalBlock };

export interface WireError {
  /** Null: not one of ours. */
  readonly code: string | null;
  readonly message: string;
  readonly details: Details;
}

export function pack({ attachments, ...rest }: SignedTransaction): PackedTransaction {
  return { ...rest, packed: packAttachments(attachments) };
}

export function unpack({ packed, ...rest }: PackedTransaction): SignedTransaction {
  return { ...rest, attachments: unpackAttachments(packed) };
}

/** What is handed over rather than copied. */
export const bufferOf = ({ bytes, ends }: PackedAttachments): ArrayBuffer[] => [bytes.buffer, ends.buffer];

export function toWire(error: unknown): WireError {
  if (error instanceof AnamnesisError) {
    const { code, message, details } = error as AnamnesisError;
    return { code, message, details: { ...details } };
  }
  return { code: null, message: error instanceof Error ? error.message : "an unknown fault", details: {} };
}

export const fromWire = ({ code, message, details }: WireError): Error =>
  code === null ? new Error(message) : new AnamnesisError(code, message, details);
