/**
 * Receipts are answers, so a damaged row must not become one: each row carries a short hash of itself. (The hash guards
 * against damage; `log verify` compares every receipt with the log.)
 */
import { concat, encode, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { actingKey, decodeLeaf, type Leaf, type Receipt, type Signature, transactionId } from "@anamnesis/ledger";
import { blob, damaged, integer, type Row } from "./sqlite.ts";

const TAG_BYTES = 8;

export function receiptTag(p: Primitives, r: Receipt): Uint8Array {
  return p.sha256(concat(r.id, encode([r.index, r.count, r.sequence, r.time]))).slice(0, TAG_BYTES);
}

export function readReceipt(p: Primitives, row: Row): Receipt {
  const receipt: Receipt = {
    id: blob(row, "id"),
    index: integer(row, "idx"),
    count: integer(row, "count"),
    sequence: integer(row, "sequence"),
    time: integer(row, "time"),
  };
  if (!equal(receiptTag(p, receipt), blob(row, "tag"))) throw damaged("a receipt does not fit its tag");
  return receipt;
}

/** The leaf that a receipt points to must be the command it is for. */
export function checkReceipt(p: Primitives, receipt: Receipt, leaf: Uint8Array | undefined): void {
  const command = leaf === undefined ? undefined : decodeLeaf(leaf);
  if (command?.type !== "command" || !equal(idOf(p, command), receipt.id)) {
    throw damaged("a receipt points to another leaf");
  }
}

const idOf = (p: Primitives, { bytes, signatures }: Extract<Leaf, { type: "command" }>): Uint8Array =>
  transactionId(p, actingKey(signatures), bytes);

/** Whether two submissions are one and the same: a forged signature must not decide about a right one. */
export const sameSignatures = (a: readonly Signature[], b: readonly Signature[]): boolean =>
  a.length === b.length &&
  a.every((each, i) => {
    const other = b[i];
    return other !== undefined && equal(each.keyId, other.keyId) && equal(each.signature, other.signature);
  });
