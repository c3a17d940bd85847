/** Evidence that this node found: checked as its reader will check it, before it is kept. */
import { contract } from "@anamnesis/contracts";
import { checkEvidence, knownError } from "@anamnesis/ledger";
import { primitives } from "../system.ts";

export interface Found {
  readonly kind: string;
  /** Tells the file from others of its kind. */
  readonly label: string;
  readonly evidence: Uint8Array;
}

/** Undefined when it convicts nobody. */
export function convicting(found: Found): Found | undefined {
  try {
    checkEvidence(primitives, contract, found.evidence);
    return found;
  } catch (error) {
    if (knownError(error)?.code !== "ledger/bad-evidence") throw error;
    return undefined;
  }
}
