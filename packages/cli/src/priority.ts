/** The hospital comes first: what runs beside a database for long takes only the processor time that others leave. */
import { constants, setPriority } from "node:os";

/**
 * Lowers the priority of this process for good; threads started from now on inherit it. Only for programs that start no
 * database. `ANAMNESIS_PRIORITY=normal` leaves it alone.
 */
export function yieldToOthers(env: Readonly<Record<string, string | undefined>>): void {
  if (env["ANAMNESIS_PRIORITY"] === "normal") return;
  try {
    // Not the lowest: a database that is always busy must still be followed.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers forbid it. It is a courtesy, not a promise.
  }
}
