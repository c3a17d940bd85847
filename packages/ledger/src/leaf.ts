/** The leaves that are not events: block, command, genesis (spec/encoding.md, "Other leaves"). */
import { asBytes, asBytesUpTo, asTuple, asUint, type Bytes, type Cbor, decode, encode } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";
import { decodeEvent, type Event, isEventLeaf } from "./event.ts";
import { LIMITS, parseSignatures, type Signature, signatureTuples } from "./transaction.ts";

export type Leaf =
  | { readonly type: "block"; readonly sequence: number; readonly time: number; readonly stateRoot: Uint8Array }
  | { readonly type: "command"; readonly bytes: Uint8Array; readonly signatures: readonly Signature[] }
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "genesis"; readonly document: Uint8Array };

/** Closes a block: its number, its agreed time in ms, and the state's root after it. */
export const blockLeaf = (sequence: number, time: number, stateRoot: Bytes): Uint8Array =>
  encode([0, sequence, time, stateRoot]);

/** Every accepted transaction, without its attachments: those follow as leaves of their own. */
export const commandLeaf = (bytes: Bytes, signatures: readonly Signature[]): Uint8Array =>
  encode([1, bytes, signatureTuples(signatures)]);

export const genesisLeaf = (document: Bytes): Uint8Array => encode([3, document]);

/** @throws AnamnesisError `core/bad-encoding` or `ledger/malformed`. */
export function decodeLeaf(leaf: Bytes): Leaf {
  if (isEventLeaf(leaf)) return { type: "event", event: decodeEvent(leaf) };
  const value = decode(leaf, "leaf");
  const type = Array.isArray(value) ? (value as readonly Cbor[])[0] : undefined;
  switch (type) {
    case 0: {
      const [, sequence, time, root] = asTuple(value, 4, "block leaf");
      return {
        type: "block",
        sequence: asUint(sequence, "block sequence"),
        time: asUint(time, "block time"),
        stateRoot: asBytes(root, 32, "state root"),
      };
    }
    case 1: {
      const [, bytes, signatures] = asTuple(value, 3, "command leaf");
      return {
        type: "command",
        bytes: asBytesUpTo(bytes, LIMITS.transactionBytes, "transaction"),
        signatures: parseSignatures(signatures),
      };
    }
    case 3: {
      const [, document] = asTuple(value, 2, "genesis leaf");
      return { type: "genesis", document: asBytesUpTo(document, LIMITS.leafBytes, "genesis document") };
    }
    default:
      throw ledgerError("ledger/malformed", "unknown type of leaf");
  }
}
