/** `log verify` over a ledger's own folder: the log, and every row that the store keeps beside it. */
import type { AnamnesisError } from "@anamnesis/core";
import {
  type FetchTile,
  formatTilePath,
  knownError,
  type LogReport,
  type LogSource,
  TILE_WIDTH,
  type VerifyOptions,
  verifyLog,
} from "@anamnesis/ledger";
import { type LedgerReader, openUntrusted } from "./open.ts";
import { restoredMark } from "./rollback.ts";

export interface VerifyLedgerOptions extends Omit<VerifyOptions, "tables" | "remembered" | "pruned"> {
  readonly dir: string;
  /** Where entries are that were dropped here, if not where they were: with it everything is checked and executed. */
  readonly archive?: FetchTile;
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
      // A follower that was restored is older than what it has seen, and meant to be.
      const remembered = restoredMark(options.dir) ?? reader.remembered;
      const { tables } = reader;
      const pruned = options.archive === undefined && !(await reachable(reader)) ? reader.pruned() : 0;
      const given = { ...options, tables, pruned, ...(remembered === undefined ? {} : { remembered }) };
      // Leaf 0 is gone, so the founding document that is kept beside is believed in its place; its hash is checked.
      const genesis = options.genesis ?? (pruned > 0 ? reader.genesis : undefined);
      const report = await verifyLog(withArchive(reader, options.archive), { ...given, ...(genesis && { genesis }) });
      return options.genesis === undefined ? { ...report, trust: "first-use" } : report;
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

/** Whether what was dropped can still be read, from the archive that was named when it was dropped. */
async function reachable(reader: LedgerReader): Promise<boolean> {
  if (reader.pruned() === 0) return true;
  const path = formatTilePath({ level: "entries", index: 0, width: TILE_WIDTH });
  return reader.tile(path).then(
    () => true,
    () => false,
  );
}

/** Entries from the archive where the ledger has dropped them. */
function withArchive(reader: LedgerReader, archive: FetchTile | undefined): LogSource {
  if (archive === undefined) return reader;
  return {
    checkpoint: () => reader.checkpoint(),
    tile: (path) =>
      reader.tile(path).catch((error: unknown) => {
        if (knownError(error)?.code !== "ledger/pruned") throw error;
        return archive(path);
      }),
  };
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
