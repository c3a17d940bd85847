/** A log behind a URL, fetched with limits on time and size and with a few retries of what may pass. */
import { concat } from "@anamnesis/core";
import { decodeBundle, type Genesis, genesisFromJson, ledgerError, parseTilePath } from "@anamnesis/ledger";
import { gatewayError } from "./errors.ts";
import { FETCH_BYTES_MAX, type NotedLog, textOf } from "./file-fetcher.ts";
import { decodeSeals, type SealsAnswer } from "./seals.ts";

export interface HttpFetcherOptions {
  /** Members' token for entries. */
  readonly entriesToken?: string;
  readonly timeoutMs?: number;
  /** Further tries of a request without a usable answer (network, 429, 5xx). */
  readonly retries?: number;
  /** Ends what is on its way when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

const DEFAULTS = { timeoutMs: 10_000, retries: 2 };
const RETRY_PAUSE_MS = 200;

/** @param url where `/checkpoint` is, e.g. `http://127.0.0.1:8420`. @throws AnamnesisError `gateway/bad-address` */
export function httpFetcher(url: string, options: HttpFetcherOptions = {}): NotedLog {
  const base = baseUrl(url);
  const get = (path: string) => getWithRetries(base, path, options);
  return {
    async checkpoint() {
      const note = await get("checkpoint");
      if (note === undefined) throw ledgerError("ledger/no-ledger", "there is no log at this address");
      return { note: textOf(note, "the checkpoint") };
    },
    async tile(path) {
      parseTilePath(path);
      return get(path);
    },
    async notes(sequence) {
      const bundle = await get(`notes/${sequence}`);
      return bundle === undefined ? [] : decodeBundle(bundle).map((note) => textOf(note, "a signed checkpoint"));
    },
    async genesis(): Promise<Genesis | undefined> {
      const json = await get("genesis.json");
      return json === undefined ? undefined : genesisFromJson(textOf(json, "genesis.json"));
    },
    async witnessed() {
      const note = await get("witnessed");
      return note === undefined ? undefined : textOf(note, "the witnessed checkpoint");
    },
  };
}

/** What a member knows of sealed checkpoints, unchecked. @throws AnamnesisError as fetching does, `ledger/malformed` */
export async function fetchSeals(url: string, options: HttpFetcherOptions = {}): Promise<SealsAnswer> {
  const answer = await getWithRetries(baseUrl(url), "seals", { retries: 0, ...options });
  return answer === undefined ? { links: [] } : decodeSeals(answer);
}

/** What a member says about leaves that it could not get, unchecked; undefined when it misses none. @throws AnamnesisError as fetching does */
export const fetchWithheld = (url: string, options: HttpFetcherOptions = {}): Promise<Uint8Array | undefined> =>
  getWithRetries(baseUrl(url), "withheld", { retries: 0, ...options });

export function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw gatewayError("gateway/bad-address", "the address of a log is an http or https URL without query");
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

async function getWithRetries(base: string, path: string, options: HttpFetcherOptions) {
  const { retries } = { ...DEFAULTS, ...options };
  for (let left = retries; ; left--) {
    try {
      const result = await getOnce(base, path, options);
      if (result !== "again") return result;
      if (left <= 0)
        throw gatewayError("gateway/bad-answer", `the log cannot answer for ${path} now: try again`, { path });
    } catch (error) {
      if (left <= 0 || !isPassing(error) || options.signal?.aborted === true) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS * (retries - left + 1)));
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "gateway/unreachable" || error.code === "gateway/timeout");

async function getOnce(base: string, path: string, options: HttpFetcherOptions) {
  const { timeoutMs, entriesToken, signal } = { ...DEFAULTS, ...options };
  const headers = entriesToken === undefined ? {} : { authorization: `Bearer ${entriesToken}` };
  try {
    // The token must not follow a redirect to somewhere else.
    const response = await fetch(base + path, { headers, redirect: "error", signal: deadline(timeoutMs, signal) });
    if (response.ok) return await readLimited(response, path);
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    if (response.status === 410) throw gone(path);
    if (response.status === 429 || response.status >= 500) return "again";
    throw statusError(response.status, path);
  } catch (cause) {
    if (!(cause instanceof TypeError) && !(cause instanceof DOMException)) throw cause;
    if (cause.name === "TimeoutError") throw gatewayError("gateway/timeout", `no answer in ${timeoutMs} ms`, { path });
    throw gatewayError(
      "gateway/unreachable",
      "the log cannot be reached: check address and network",
      { path },
      { cause },
    );
  }
}

export const deadline = (ms: number, signal: AbortSignal | undefined): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(ms), ...(signal === undefined ? [] : [signal])]);

const gone = (path: string) =>
  ledgerError("ledger/pruned", "the log no longer gives these entries: take them from an export or another member", {
    path,
  });

function statusError(status: number, path: string) {
  const why = status === 401 || status === 403 ? "entries are for members: give the token" : "not an answer of a log";
  return gatewayError("gateway/bad-answer", `status ${status} for ${path}: ${why}`, { status, path });
}

/** @throws AnamnesisError `gateway/too-large` */
export async function readLimited(response: Response, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  if (body === undefined) return new Uint8Array(0);
  for await (const chunk of body) {
    size += chunk.length;
    if (size > FETCH_BYTES_MAX) throw gatewayError("gateway/too-large", `the answer for ${path} has no end`, { path });
    chunks.push(chunk);
  }
  return concat(...chunks);
}
