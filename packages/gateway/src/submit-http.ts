/** Submitting to an orderer over HTTP. */
import { AnamnesisError, asBytesUpTo, asTuple, asUint, decode, fromBase64, fromUtf8 } from "@anamnesis/core";
import { encodeSigned, type SignedTransaction } from "@anamnesis/ledger";
import { gatewayError } from "./errors.ts";
import { baseUrl, readLimited } from "./http-fetcher.ts";
import { PROMISE_HEADER, SUBMIT_PATH } from "./submit.ts";

export interface SubmitOptions {
  readonly url: string;
  /** Members' token of the orderer. */
  readonly token: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const PROMISE_BYTES_MAX = 1024;
const ANSWER_BYTES_MAX = 64 * 1024;
const CODE = /^[a-z]+\/[a-z0-9-]{1,60}$/;

/** Told each promise that comes back, unchecked: at once where the orderer gives one before the outcome. */
export type OnPromise = (promise: Uint8Array) => void;

/**
 * One try: resolves when the orderer says that it is final. Where it stands in the log is for the replica to find. Whether the
 * transaction was taken is not known after `gateway/unreachable`, `gateway/timeout` and `gateway/bad-answer`: send the same again.
 * @throws AnamnesisError these, or with the orderer's own code when it refused
 */
export async function submitOnce(
  o: SubmitOptions,
  tx: SignedTransaction,
  signal: AbortSignal,
  onPromise?: OnPromise,
): Promise<void> {
  const { status, body } = await post(o, tx, signal, onPromise);
  if (status === 200) {
    const promise = promiseIn(body);
    if (promise !== undefined) onPromise?.(promise);
    return;
  }
  if (status === 401 || status === 403) {
    throw gatewayError(
      "gateway/bad-answer",
      "the orderer does not know the token: correct [orderer] in anamnesis.toml",
    );
  }
  throw refusal(body) ?? gatewayError("gateway/bad-answer", `status ${status}: not an answer of an orderer`);
}

interface Outcome {
  readonly status: number;
  readonly body: Uint8Array;
}

async function post(
  o: SubmitOptions,
  tx: SignedTransaction,
  signal: AbortSignal,
  onPromise: OnPromise | undefined,
): Promise<Outcome> {
  const timeoutMs = o.timeoutMs ?? TIMEOUT_MS;
  try {
    const response = await fetch(baseUrl(o.url) + SUBMIT_PATH.slice(1), {
      method: "POST",
      headers: { authorization: `Bearer ${o.token}`, "content-type": "application/cbor" },
      body: new Uint8Array(encodeSigned(tx)),
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const early = response.status === 202;
    if (early) onPromise?.(readable(() => promiseOf(response.headers.get(PROMISE_HEADER) ?? "")));
    const body = await readLimited(response, SUBMIT_PATH);
    return early ? readable(() => outcomeIn(body)) : { status: response.status, body };
  } catch (cause) {
    if (!(cause instanceof TypeError) && !(cause instanceof DOMException)) throw cause;
    if (cause.name === "TimeoutError") throw gatewayError("gateway/timeout", `no answer in ${timeoutMs} ms`);
    throw gatewayError(
      "gateway/unreachable",
      "the orderer cannot be reached: check address and network",
      {},
      { cause },
    );
  }
}

function promiseOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes.length === 0 || bytes.length > PROMISE_BYTES_MAX) throw new RangeError("not a promise");
  return bytes;
}

/** What follows a promise. */
function outcomeIn(bytes: Uint8Array): Outcome {
  const [version, status, body] = asTuple(decode(bytes, "answer"), 3, "answer");
  if (version !== 2) throw new RangeError("another version");
  return { status: asUint(status, "status"), body: asBytesUpTo(body, ANSWER_BYTES_MAX, "body") };
}

function promiseIn(body: Uint8Array): Uint8Array | undefined {
  return readable(() => {
    const [version, , promise] = asTuple(decode(body, "answer"), 3, "answer");
    if (version !== 1) throw new RangeError("another version");
    return promise === null ? undefined : asBytesUpTo(promise, PROMISE_BYTES_MAX, "promise");
  });
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw gatewayError(
      "gateway/bad-answer",
      "the orderer's answer cannot be read: is its version another?",
      {},
      { cause },
    );
  }
}

function refusal(body: Uint8Array): AnamnesisError | undefined {
  try {
    const { error } = JSON.parse(fromUtf8(body)) as { error?: { code?: unknown; message?: unknown } };
    if (typeof error?.code !== "string" || !CODE.test(error.code) || typeof error.message !== "string")
      return undefined;
    return new AnamnesisError(error.code, error.message.slice(0, 500));
  } catch {
    return undefined;
  }
}
