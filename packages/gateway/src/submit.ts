/** Taking in transactions over HTTP: members show the token, the transaction's own signatures say whose it is. */
import type { IncomingMessage } from "node:http";
import { AnamnesisError, type Bytes, encode, toBase64 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { decodeSigned, type Receipt, SIGNED_BYTES_MAX, type SignedTransaction } from "@anamnesis/ledger";
import { type Answer, answer, jsonAnswer, plain } from "./answer.ts";
import { showsToken, unauthorised } from "./bearer.ts";
import { readBody } from "./body.ts";

/** What became of a transaction that was not refused. */
export interface Submitted {
  readonly receipt: Receipt;
  /** Signed with the log's key (spec/log.md, "Promise"); null from a member that does not order. */
  readonly promise: Uint8Array | null;
}

export interface SubmitTarget {
  /** Bearer token of members. */
  readonly token: string;
  /**
   * Resolves when it is final. @throws AnamnesisError with the code of the refusal
   * @param onPromise told a promise that is given before that
   */
  submit(transaction: SignedTransaction, onPromise: (promise: Uint8Array) => void): Promise<Submitted>;
}

export const SUBMIT_PATH = "/transactions";
/** Header of an answer that begins with the promise. */
export const PROMISE_HEADER = "anamnesis-promise";
const SUBMITTED_TYPE = "application/cbor";
const RETRY_AFTER_S = "1";
/** Refusals that pass by themselves. */
const LATER: ReadonlySet<string> = new Set(["ledger/busy", "ledger/disk-full", "ledger/closed", "events/over-quota"]);

/**
 * 202 with the promise in its header as soon as there is one: its body `[2, status, body]` is then what is said here, when it is
 * known. 200 with `[1, [index, count, sequence, time], promise | null]` once it is final; 422 with the refusal's code, for good;
 * 503 with `retry-after` when the same should be sent again; 401, 413, 400.
 */
export async function takeTransaction(
  primitives: Primitives,
  target: SubmitTarget,
  request: IncomingMessage,
): Promise<Answer> {
  if (!showsToken(primitives, target.token, request.headers.authorization)) {
    request.resume();
    return unauthorised("transactions", "submitting is for members: show the token");
  }
  const tooLarge = () => refused(413, "ledger/too-large", `a transaction has at most ${SIGNED_BYTES_MAX} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > SIGNED_BYTES_MAX) {
    request.resume();
    return tooLarge();
  }
  const body = await readBody(request, SIGNED_BYTES_MAX);
  if (body === "too-large") return tooLarge();
  if (body === "cut") return plain(400, "the request was cut off");
  const given = Promise.withResolvers<Uint8Array>();
  const outcome = submitted(primitives, target, body, given.resolve);
  const first = await Promise.race([outcome, given.promise]);
  return first instanceof Uint8Array ? promised(first, outcome) : first;
}

async function submitted(
  primitives: Primitives,
  target: SubmitTarget,
  body: Uint8Array,
  onPromise: (promise: Uint8Array) => void,
): Promise<Answer> {
  try {
    return accepted(await target.submit(decodeSigned(primitives, body), onPromise));
  } catch (error) {
    if (!(error instanceof AnamnesisError)) return refused(500, "internal", "a fault of ours");
    const { code, message } = error as AnamnesisError;
    return refused(LATER.has(code) ? 503 : 422, code, message);
  }
}

function promised(promise: Uint8Array, outcome: Promise<Answer>): Answer {
  const headers = {
    "content-type": SUBMITTED_TYPE,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    [PROMISE_HEADER]: toBase64(promise),
  };
  const rest = outcome.then(({ status, body }) => encode([2, status, body]));
  return { status: 202, headers, body: new Uint8Array(0), rest };
}

function accepted({ receipt, promise }: Submitted): Answer {
  const { index, count, sequence, time } = receipt;
  const body: Bytes = encode([1, [index, count, sequence, time], promise]);
  return answer(200, SUBMITTED_TYPE, body, "no-store");
}

function refused(status: number, code: string, message: string): Answer {
  const told = jsonAnswer(status, `${JSON.stringify({ error: { code, message } })}\n`, "no-store");
  return status === 503 ? { ...told, headers: { ...told.headers, "retry-after": RETRY_AFTER_S } } : told;
}
