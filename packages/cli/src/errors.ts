import type { CaptureErrorCode, VerifyErrorCode } from "@anamnesis/capture";
import type { ContractErrorCode } from "@anamnesis/contracts";
import { AnamnesisError, type CoreErrorCode, type Details } from "@anamnesis/core";
import type { CryptoErrorCode } from "@anamnesis/crypto";
import type { GatewayErrorCode } from "@anamnesis/gateway";
import type { LedgerErrorCode } from "@anamnesis/ledger";
import type { MisuseErrorCode, NodeErrorCode } from "@anamnesis/node";
import type { SandboxErrorCode } from "@anamnesis/sandbox";

export type CliErrorCode =
  | "cli/usage" // the command line does not fit: see --help
  | "cli/unreadable-file" // a file named on the command line cannot be read
  | "cli/unwritable-file" // a file named on the command line cannot be written
  | "cli/no-sandbox" // no sandbox runs in that folder: `npm start` first
  | "cli/sandbox-folder" // the folder holds something else than a sandbox
  | "cli/sql-failed" // the database refused the statement: its message follows
  | "cli/demo-failed"; // the demonstration found something that does not hold

/** Codes of what lies outside the ledger. */
export type OutsideErrorCode = CaptureErrorCode | VerifyErrorCode | GatewayErrorCode | SandboxErrorCode;

/** Every code that can reach a terminal. The catalogues of texts are complete over this union. */
export type AnyErrorCode =
  | CoreErrorCode
  | CryptoErrorCode
  | LedgerErrorCode
  | ContractErrorCode
  | OutsideErrorCode
  | MisuseErrorCode
  | NodeErrorCode
  | CliErrorCode
  | "internal";

/** What people read about a code: what happened, and what to do now. */
export interface ErrorText {
  readonly text: string;
  readonly remedy: string;
}

export function cliError(
  code: CliErrorCode,
  message: string,
  details: Details = {},
  cause?: unknown,
): AnamnesisError<CliErrorCode> {
  return new AnamnesisError(code, message, details, cause === undefined ? undefined : { cause });
}
