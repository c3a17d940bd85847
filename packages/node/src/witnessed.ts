/** Demanding that outside witnesses have cosigned a log, and that it continues what they cosigned. */
import {
  bestWitnessed,
  type Demand,
  type FetchTile,
  knownError,
  type LogReport,
  type NoteVerifier,
  type Problem,
  relate,
} from "@anamnesis/ledger";
import { primitives } from "./system.ts";

export interface WitnessedReport {
  /** Leaves of the newest checkpoint that the witnesses cosigned; null when there is none. */
  readonly size: number | null;
  /** Who cosigned it, with the time in seconds since 1970. */
  readonly by: readonly { readonly name: string; readonly time: number }[];
  readonly missing: readonly string[];
  /** How many were demanded. */
  readonly least: number;
  /** Empty when the demand is met and the log continues that checkpoint. */
  readonly problems: readonly Problem[];
}

export interface WitnessedInput {
  /** Signed checkpoints that may carry cosignatures; fetched before the log was checked. */
  readonly notes: readonly string[];
  readonly log: NoteVerifier;
  readonly demand: Demand;
  /** Tiles of the log that `report` is about. */
  readonly tile: FetchTile;
}

/** @param report of a log whose tiles, signatures and checkpoint were checked */
export async function checkWitnessed(
  report: Pick<LogReport, "size" | "root">,
  { notes, log, demand, tile }: WitnessedInput,
): Promise<WitnessedReport> {
  const { found, met } = bestWitnessed(primitives, notes, log, demand);
  const { least } = demand;
  const problems: Problem[] = [];
  const add = (code: string, message: string): number =>
    problems.push({ code, message, where: "witnessed checkpoint" });
  if (!met) add("ledger/unwitnessed", unmet(demand, found?.by ?? []));
  if (found === undefined) return { size: null, by: [], missing: demand.witnesses.map((w) => w.name), least, problems };
  const { checkpoint, by, missing } = found;
  if (checkpoint.size > report.size) {
    const sizes = `witnesses have cosigned ${checkpoint.size} leaves, this log has ${report.size}`;
    add("ledger/rolled-back", `${sizes}: an older copy is shown`);
  } else if (!(await continues(report, checkpoint, tile))) {
    add("ledger/rolled-back", "the log is not the one that its witnesses cosigned: it was rewritten or has two faces");
  }
  return { size: checkpoint.size, by, missing, least, problems };
}

function unmet({ least, notBefore }: Demand, by: readonly { readonly time: number }[]): string {
  const fresh = by.filter((b) => b.time >= (notBefore ?? 0)).length;
  const old = by.length - fresh;
  return `${fresh} of the ${least} witnesses demanded have cosigned${old > 0 ? `, ${old} more too long ago` : ""}`;
}

async function continues(
  newer: Pick<LogReport, "size" | "root">,
  older: Pick<LogReport, "size" | "root">,
  tile: FetchTile,
): Promise<boolean> {
  try {
    return (await relate(primitives, older, newer, tile)).kind !== "forked";
  } catch (error) {
    // Tiles that do not fit are a finding of the log's own check, which ran before.
    if (knownError(error)?.code !== "ledger/damaged-tile") throw error;
    return false;
  }
}
