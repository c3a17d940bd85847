/** A witness over HTTP: one address that cosigns, and a few that say what it has seen. */
import type { IncomingMessage } from "node:http";
import { toHex, utf8 } from "@anamnesis/core";
import type { WitnessDeps } from "@anamnesis/ledger";
import { type Answer, plain, textAnswer } from "./answer.ts";
import { type Listen, type LogServer, serveHttp } from "./http-server.ts";
import { ADD_CHECKPOINT, takeAddCheckpoint } from "./witness-door.ts";

export interface WitnessServerOptions extends Listen {
  readonly witness: WitnessDeps;
  /** Origin lines of the logs it knows. */
  readonly origins: readonly string[];
  /** Told about each request that was answered with a cosignature or a refusal: its status. */
  readonly onAnswer?: (status: number) => void;
}

/**
 * `POST /add-checkpoint`; `GET /` says who this is, `GET /key` gives the verifier key, `GET /logs/<SHA-256 of the origin in
 * hex>/checkpoint` the newest cosigned checkpoint, so that the address before it can be compared as a log's.
 * @throws AnamnesisError `gateway/port-busy`, `gateway/port-forbidden`, `gateway/bad-address`
 */
export function serveWitness(options: WitnessServerOptions): Promise<LogServer> {
  return serveHttp(options, (request) => answerTo(options, request));
}

async function answerTo(options: WitnessServerOptions, request: IncomingMessage): Promise<Answer> {
  const { method, url = "/" } = request;
  if (url === ADD_CHECKPOINT && method === "POST") {
    const answer = await takeAddCheckpoint(options.witness, request);
    options.onAnswer?.(answer.status);
    return answer;
  }
  request.resume();
  if (method === "GET" || method === "HEAD") return read(options, url);
  const refused = plain(405, "POST /add-checkpoint is the only address that takes anything");
  return { ...refused, headers: { ...refused.headers, allow: "GET, HEAD" } };
}

async function read({ witness, origins }: WitnessServerOptions, url: string): Promise<Answer> {
  const { cosigner, primitives, store } = witness;
  if (url === "/") return plain(200, `Witness ${cosigner.name} of ${origins.length} logs: ${origins.join(", ")}`);
  if (url === "/key") return plain(200, cosigner.verifierKey);
  const [, hash] = /^\/logs\/([0-9a-f]{64})\/checkpoint$/.exec(url) ?? [];
  const origin = origins.find((each) => toHex(primitives.sha256(utf8(each))) === hash);
  if (origin === undefined) return plain(404, "nothing here");
  try {
    const latest = await store.latest(origin);
    return latest === undefined ? plain(404, "nothing cosigned yet") : textAnswer(200, latest.note, "no-cache");
  } catch {
    return plain(500, "the witness cannot answer: its operator finds out why");
  }
}
