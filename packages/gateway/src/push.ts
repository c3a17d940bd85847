/** Taking in pushed changes over HTTP: who may, how much at a time, and what the sender is told. */
import type { IncomingMessage } from "node:http";
import { AnamnesisError } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Answer, jsonAnswer, plain } from "./answer.ts";
import { showsToken, unauthorised } from "./bearer.ts";

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
  const body = await readBody(request);
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

async function readBody(request: IncomingMessage): Promise<string | Answer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request) {
      size += (part as Buffer).length;
      if (size > PUSH_BYTES_MAX)
        return plain(413, `a request has at most ${PUSH_BYTES_MAX} bytes: send fewer at a time`);
      parts.push(part as Buffer);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    return plain(400, "the request was cut off or is not UTF-8");
  }
}

const told = (status: number, value: object): Answer => jsonAnswer(status, `${JSON.stringify(value)}\n`, "no-store");
