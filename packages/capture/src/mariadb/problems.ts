/** Failures of the server and the driver as errors with a remedy. Their own messages may repeat data: only codes go on. */
import { isAnamnesisError } from "@anamnesis/core";
import { captureError } from "../errors.ts";
import { sqlCode } from "./connect-reason.ts";

const GONE =
  /^(?:PROTOCOL_CONNECTION_LOST|ER_SERVER_SHUTDOWN|ER_NORMAL_SHUTDOWN|ER_CONNECTION_KILLED|ER_QUERY_INTERRUPTED|ER_NEW_ABORTING_CONNECTION|ER_NET_.*|E[A-Z]+)$/;
const DENIED: ReadonlySet<string> = new Set([
  ...["ER_SPECIFIC_ACCESS_DENIED_ERROR", "ER_ACCESS_DENIED_ERROR", "ER_TABLEACCESS_DENIED_ERROR"],
  ...["ER_COLUMNACCESS_DENIED_ERROR", "ER_DBACCESS_DENIED_ERROR"],
]);

/** Runs `work`, and gives what goes wrong a code of ours. */
export async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw explain(cause, what);
  }
}

export function explain(cause: unknown, what: string): Error {
  if (isAnamnesisError(cause)) return cause;
  const code = sqlCode(cause) ?? "";
  if (GONE.test(code) || /closed state|Connection lost/i.test(cause instanceof Error ? cause.message : ""))
    return captureError("capture/connection-lost", "the database closed the connection", { reason: code });
  if (DENIED.has(code))
    return captureError("capture/no-read-right", `this account may not ${what}: see \`source check\``, {
      reason: code,
    });
  if (code === "" && cause instanceof Error) return cause;
  return captureError("capture/stream-failed", `the database refused to ${what} (${code})`, { reason: code });
}
