/** Submitting to an orderer over HTTP. */
import { AnamnesisError, asBytesUpTo, asTuple, decode, fromUtf8 } from "@anamnesis/core";
import { encodeSigned, type SignedTransaction } from "@anamnesis/ledger";
import { gatewayError } from "./errors.ts";
import { baseUrl, readLimited } from "./http-fetcher.ts";
import { SUBMIT_PATH } from "./submit.ts";

export interface SubmitOptions {
  readonly url: string;
  /** Members' token of the orderer. */
  readonly token: string;
  readonly timeoutMs?: number;
}

/** The answer to one submission: the signed promise, if there is one. Where it stands in the log is for the replica to find. */
export interface Taken {
  readonly promise: Uint8Array | undefined;
}

const TIMEOUT_MS = 30_000;
const PROMISE_BYTES_MAX = 1024;
const CODE = /^[a-z]+\/[a-z0-9-]{1,60}$/;

/**
 * One try. Whether the transaction was taken is not known after `gateway/unreachable`, `gateway/timeout` and
 * `gateway/bad-answer`: send the same again.
 * @throws AnamnesisError these, or with the orderer's own code when it refused
 */
export async function submitOnce(o: SubmitOptions, tx: SignedTransaction, signal: AbortSignal): Promise<Taken> {
  const response = await post(o, tx, signal);
  const body = await readLimited(response, SUBMIT_PATH);
  if (response.status === 200) return taken(body);
  if (response.status === 401 || response.status === 403) {
    throw gatewayError(
      "gateway/bad-answer",
      "the orderer does not know the token: correct [orderer] in anamnesis.toml",
    );
  }
  throw refusal(body) ?? gatewayError("gateway/bad-answer", `status ${response.status}: not an answer of an orderer`);
}

async function post(o: SubmitOptions, tx: SignedTransaction, signal: AbortSignal): Promise<Response> {
  const timeoutMs = o.timeoutMs ?? TIMEOUT_MS;
  try {
    return await fetch(baseUrl(o.url) + SUBMIT_PATH.slice(1), {
      method: "POST",
      headers: { authorization: `Bearer ${o.token}`, "content-type": "application/cbor" },
      body: new Uint8Array(encodeSigned(tx)),
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
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

function taken(body: Uint8Array): Taken {
  try {
    const [version, , promise] = asTuple(decode(body, "answer"), 3, "answer");
    if (version !== 1) throw new RangeError("another version");
    return { promise: promise === null ? undefined : asBytesUpTo(promise, PROMISE_BYTES_MAX, "promise") };
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
