/** Answers over HTTP, without sockets. */
import { type Bytes, utf8 } from "@anamnesis/core";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What follows when it is known: until then status and headers are on their way, and nothing else. Must not reject. */
  readonly rest?: Promise<Uint8Array>;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

export const plain = (status: number, text: string): Answer => textAnswer(status, `${text}\n`, "no-store");

export const textAnswer = (status: number, text: string, cache: string): Answer =>
  answer(status, TEXT, utf8(text), cache);

export const jsonAnswer = (status: number, text: string, cache: string): Answer =>
  answer(status, JSON_TYPE, utf8(text), cache);

export function answer(status: number, type: string, body: Bytes, cache: string): Answer {
  const headers = {
    "content-type": type,
    "content-length": String(body.length),
    "cache-control": cache,
    "x-content-type-options": "nosniff",
  };
  return { status, headers, body };
}
