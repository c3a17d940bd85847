/**
 * Loud skips. A test that cannot run says so by name, with what it lacks, and the end of `npm test` repeats it:
 * a skip nobody reads is a test that does not exist.
 *
 *     const goMissing = !hasGo() && skipLoudly({ name: "sumdb reads our tiles", needs: "go", reason: "no `go` on PATH" });
 *     describe.skipIf(goMissing)("sumdb reads our tiles", ...);
 */
import { appendFileSync } from "node:fs";

/** What a test can lack. `tools/lib/skips.ts` re-checks each on its own, so that CI catches a test that gave up too early. */
export type Need =
  | "go"
  | "chromium"
  | "shared-data"
  | "root"
  | "user-namespaces"
  | "tmpfs"
  | "postgres"
  | "postgres-14"
  | "mariadb"
  | "pgaudit"
  | "other-node"
  | "network";

export interface Skip {
  /** Full name of the `describe` or `it` that is skipped: the runner matches it with what vitest reports as skipped. */
  readonly name: string;
  readonly needs: Need;
  /** Plain English, one line, no data of this machine. */
  readonly reason: string;
}

/** Prints the skip, notes it for the runner (file named by `ANAMNESIS_SKIP_FILE`, one JSON object per line), returns true. */
export function skipLoudly(skip: Skip): true {
  console.warn(`SKIPPED ${skip.name}: needs ${skip.needs}: ${skip.reason}`);
  const file = process.env["ANAMNESIS_SKIP_FILE"];
  if (file !== undefined && file !== "") {
    appendFileSync(file, `${JSON.stringify({ name: skip.name, needs: skip.needs, reason: skip.reason })}\n`);
  }
  return true;
}
