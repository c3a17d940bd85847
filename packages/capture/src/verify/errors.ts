import { AnamnesisError, type Details } from "@anamnesis/core";

/** What verify and history add to the codes of capture. The comment tells an operator what to do. */
export type VerifyErrorCode =
  | "capture/unknown-table" // no captured table has this name: write it as schema.table, see `source check`
  | "capture/unknown-row" // the ledger has no event of a row with this key: check table and key
  | "capture/malformed-key"; // key parts are joined by "|" in key order, with "\" before a literal "\" or "|"

export const verifyError = (code: VerifyErrorCode, message: string, details: Details = {}) =>
  new AnamnesisError<VerifyErrorCode>(code, message, details);
