/** Saying no. */
import { AnamnesisError } from "@anamnesis/core";
import type { Refusal } from "@anamnesis/ledger";
import type { ContractErrorCode } from "./errors.ts";

export const refuse = (code: ContractErrorCode, message: string): Refusal => ({ code, message });

/** Reads a foreign value; what its parser throws becomes a refusal with this code. A bug of ours stays one. */
export function reading<T extends object>(code: ContractErrorCode, read: () => T): T | Refusal {
  try {
    return read();
  } catch (error) {
    if (error instanceof AnamnesisError && error.code !== "core/invariant") return refuse(code, error.message);
    throw error;
  }
}
