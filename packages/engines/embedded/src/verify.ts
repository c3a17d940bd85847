/** `log verify` over a ledger's own folder: the log, and every row that the store keeps beside it. */
import type { AnamnesisError } from "@anamnesis/core";
import { knownError, type LogReport, type VerifyOptions, verifyLog } from "@anamnesis/ledger";
import { type LedgerReader, openUntrusted } from "./open.ts";

export interface VerifyLedgerOptions extends Omit<VerifyOptions, "tables" | "remembered"> {
  readonly dir: string;
}

/**
 * Also while another process writes: everything is read as of one moment. What is wrong with the ledger is in the report,
 * also when it cannot be opened at all. @throws AnamnesisError `ledger/no-ledger`
 */
export async function verifyLedger(options: VerifyLedgerOptions): Promise<LogReport> {
  let reader: LedgerReader | undefined;
  try {
    reader = await openUntrusted({ dir: options.dir, primitives: options.primitives });
    const release = reader.hold();
    try {
      const { tables, remembered } = reader;
      return await verifyLog(reader, { ...options, tables, ...(remembered === undefined ? {} : { remembered }) });
    } finally {
      release();
    }
  } catch (error) {
    const known = knownError(error);
    if (known === undefined || known.code === "ledger/no-ledger" || known.code === "core/invariant") throw error;
    return unreadable(known, options);
  } finally {
    await reader?.close().catch(() => {});
  }
}

function unreadable({ code, message }: AnamnesisError, { genesis }: VerifyLedgerOptions): LogReport {
  const problems = [{ code, message, where: "the store" }];
  const nothing = { origin: "", size: 0, root: new Uint8Array(32), commands: 0, events: 0, blocks: 0 };
  return {
    ok: false,
    ...nothing,
    trust: genesis === undefined ? "first-use" : "given",
    replayed: false,
    unfollowed: 0,
    pruned: 0,
    problems,
  };
}
