/** What goes between the thread of an engine and the one that uses it. Everything here survives a structured clone. */
import { AnamnesisError, type Details } from "@anamnesis/core";
import type { FinalBlock, Health, Receipt, SignedTransaction } from "@anamnesis/ledger";

/** A transaction whose attachments lie in one array: cloning thousands of small ones costs more than executing them. */
export interface PackedTransaction extends Omit<SignedTransaction, "attachments"> {
  readonly packed: Uint8Array<ArrayBuffer>;
  /** Where each attachment ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

export type Request =
  | { readonly n: number; readonly ask: "submit"; readonly transaction: PackedTransaction }
  | { readonly n: number; readonly ask: "receipt"; readonly id: Uint8Array }
  | { readonly n: number; readonly ask: "health" | "close" };

export type Answer = Receipt | Health | undefined;

export type Reply =
  /** First of all: the ledger is open, or why not. */
  | { readonly tell: "open" }
  | { readonly tell: "refused"; readonly error: WireError }
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

export function pack(transaction: SignedTransaction): PackedTransaction {
  const { attachments, ...rest } = transaction;
  const ends = new Uint32Array(attachments.length);
  let length = 0;
  for (const [i, attachment] of attachments.entries()) {
    length += attachment.length;
    ends[i] = length;
  }
  const packed = new Uint8Array(length);
  for (const [i, attachment] of attachments.entries()) packed.set(attachment, (ends[i] ?? 0) - attachment.length);
  return { ...rest, packed, ends };
}

export function unpack({ packed, ends, ...rest }: PackedTransaction): SignedTransaction {
  const attachments: Uint8Array[] = [];
  let from = 0;
  for (const end of ends) {
    attachments.push(packed.subarray(from, end));
    from = end;
  }
  return { ...rest, attachments };
}

export function toWire(error: unknown): WireError {
  if (error instanceof AnamnesisError) {
    const { code, message, details } = error as AnamnesisError;
    return { code, message, details: { ...details } };
  }
  return { code: null, message: error instanceof Error ? error.message : "an unknown fault", details: {} };
}

export const fromWire = ({ code, message, details }: WireError): Error =>
  code === null ? new Error(message) : new AnamnesisError(code, message, details);
