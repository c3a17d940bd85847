/** The bodies of the module's commands. A sample is named by a keyed handle of its barcode: 16 bytes, nothing to guess from. */
import { AnamnesisError, asBytes, asList, asText, asTuple, type Cbor, type OrgId, orgId } from "@anamnesis/core";

export const OUTCOMES = ["used", "destroyed", "returned", "split"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type CustodyCommand =
  /** A sample comes to be; its signer holds it. `material`: an opaque code, not a diagnosis. */
  | { readonly kind: "register"; readonly sample: Uint8Array; readonly material: string }
  /** Hand-over, signed by holder and receiver. */
  | { readonly kind: "transfer"; readonly sample: Uint8Array; readonly to: OrgId }
  /** The holder makes parts of it; the whole is no more. */
  | { readonly kind: "split"; readonly sample: Uint8Array; readonly parts: readonly Uint8Array[] }
  | { readonly kind: "close"; readonly sample: Uint8Array; readonly outcome: Outcome };

export type CustodyKind = CustodyCommand["kind"];

const HANDLE_BYTES = 16;
/** Parts that one sample may be split into at once: bounds the work of one command. */
const PARTS_MAX = 64;

/** @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier` */
export function parseCommand(kind: CustodyKind, body: Cbor): CustodyCommand {
  const [handle, detail] = asTuple(body, 2, "command");
  const sample = asBytes(handle, HANDLE_BYTES, "sample");
  switch (kind) {
    case "register":
      return { kind, sample, material: asText(detail, 16, "material") };
    case "transfer":
      return { kind, sample, to: orgId(asText(detail, 32, "receiver")) };
    case "split":
      return { kind, sample, parts: partsOf(detail) };
    case "close":
      return { kind, sample, outcome: outcomeOf(asText(detail, 16, "outcome")) };
  }
}

function partsOf(value: Cbor | undefined): readonly Uint8Array[] {
  const parts = asList(value, PARTS_MAX, "parts").map((each) => asBytes(each, HANDLE_BYTES, "part"));
  if (parts.length < 2) throw new AnamnesisError("core/bad-encoding", "a sample is split into at least two parts");
  return parts;
}

export function outcomeOf(text: string): Outcome {
  const outcome = OUTCOMES.find((each) => each === text);
  if (outcome === undefined) throw new AnamnesisError("core/bad-encoding", "an outcome that is not known");
  return outcome;
}
