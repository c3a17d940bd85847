/** `POST /add-checkpoint` over HTTP: the body up to its limit, and the answer of the witness as one of ours. */
import type { IncomingMessage } from "node:http";
import { utf8 } from "@anamnesis/core";
import { ADD_CHECKPOINT_BYTES_MAX, handleAddCheckpoint, type WitnessDeps } from "@anamnesis/ledger";
import { type Answer, answer, plain } from "./answer.ts";
import { readBody } from "./body.ts";

export const ADD_CHECKPOINT = "/add-checkpoint";

/** Never throws: a store that fails is a 500, and nothing was cosigned. */
export async function takeAddCheckpoint(deps: WitnessDeps, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request, ADD_CHECKPOINT_BYTES_MAX);
  if (body === "too-large") return plain(413, "the request is larger than any checkpoint");
  if (body === "cut") return plain(400, "the request was cut off");
  try {
    const { status, type, body: text } = await handleAddCheckpoint(deps, body);
    return answer(status, type, utf8(text), "no-store");
  } catch {
    return plain(500, "the witness cannot answer: its operator finds out why");
  }
}
