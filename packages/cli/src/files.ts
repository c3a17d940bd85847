/** Files and addresses named on the command line, with limits. */
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { cliError } from "./errors.ts";

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const FETCH_MS_MAX = 10_000;

export function readNamedFile(path: string): Uint8Array {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error("too large");
    return readFileSync(path);
  } catch (cause) {
    throw cliError("cli/unreadable-file", `cannot read ${basename(path)}`, {}, cause);
  }
}

export function writeNamedFile(path: string, data: Uint8Array | string): void {
  try {
    const fd = openSync(path, "w", 0o600);
    try {
      writeFileSync(fd, data);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw cliError("cli/unwritable-file", `cannot write ${basename(path)}`, {}, cause);
  }
}

export const isAddress = (text: string): boolean => /^https?:\/\//.test(text);

/** @returns undefined for 404; @throws AnamnesisError `cli/fetch-failed` for anything else that is not the content */
export async function fetchNamed(url: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  let response: Response;
  let body: ArrayBuffer;
  try {
    response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS_MAX)]),
      redirect: "error",
    });
    body = await response.arrayBuffer();
  } catch (cause) {
    throw cliError("cli/fetch-failed", "no answer", {}, cause);
  }
  if (response.status === 404) return undefined;
  if (!response.ok || body.byteLength > FILE_BYTES_MAX) {
    throw cliError("cli/fetch-failed", `the answer is HTTP ${response.status}`, { status: response.status });
  }
  return new Uint8Array(body);
}
