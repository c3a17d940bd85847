/** Taking in pushed changes over HTTP: who may, how much at a time, and what the sender is told. */
import type { IncomingMessage } from "node:http";
import { AnamnesisError, type Bytes, fromUtf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Answer, jsonAnswer, plain } from "./answer.ts";
import { showsToken, unauthorised } from "./bearer.ts";
import { readBody } from "./body.ts";

/** A source that takes pushed changes. */
export interface PushTarget {
  /** Bearer token of the sender. */
  readonly token: string;
  /** Durable when it returns. @throws AnamnesisError when nothing of it was taken in. */
  take(body: string): object;
}

export const PUSH_BYTES_MAX = 32 * 1024 * 1024;
const PATH = /^\/sources\/([a-z0-9-]{1,32})\/debezium$/;

/** Name of the source that a request is for, if it is one of these. */
export const pushPath = (target: string): string | undefined => PATH.exec(target)?.[1];

/**
 * Answers 200 once everything is durable, 401 without the token, 413 when it is too large, 422 when it cannot be
 * understood, 503 when it should be sent again later. A 4xx says that sending the same again does not help.
 */
export async function takePush(
  primitives: Primitives,
  target: PushTarget | undefined,
  request: IncomingMessage,
): Promise<Answer> {
  // An unknown source and a wrong token look the same from outside.
  if (target === undefined || !showsToken(primitives, target.token, request.headers.authorization)) {
    request.resume();
    return unauthorised("push", "pushing is for the sender of this source: show its token");
  }
  const body = await bodyOf(request);
  if (typeof body !== "string") return body;
  try {
    return told(200, target.take(body));
  } catch (error) {
    if (!(error instanceof AnamnesisError))
      return told(500, { error: { code: "internal", message: "a fault of ours" } });
    const { code, message } = error as AnamnesisError;
    const later = code === "capture/push-full" || code === "capture/disk-full";
    const answer = told(later ? 503 : 422, { error: { code, message } });
    return later ? { ...answer, headers: { ...answer.headers, "retry-after": "5" } } : answer;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | Answer> {
  const body = await readBody(request, PUSH_BYTES_MAX);
  if (body === "too-large") return plain(413, `a request has at most ${PUSH_BYTES_MAX} bytes: send fewer at a time`);
  const text = body === "cut" ? undefined : textOrNothing(body);
  return text ?? plain(400, "the request was cut off or is not UTF-8");
}

function textOrNothing(body: Bytes): string | undefined {
  try {
    return fromUtf8(body);
  } catch {
    return undefined;
  }
}

const told = (status: number, value: object): Answer => jsonAnswer(status, `${JSON.stringify(value)}\n`, "no-store");
