/** A log over HTTP. Five routes that only read, and one that takes pushed changes, need no framework (docs/adr/0007). */
import type { IncomingMessage } from "node:http";
import type { WitnessDeps } from "@anamnesis/ledger";
import { type Answer, plain } from "./answer.ts";
import { type Listen, type LogServer, serveHttp } from "./http-server.ts";
import { type PushTarget, pushPath, takePush } from "./push.ts";
import { route, type Served } from "./routes.ts";
import { SUBMIT_PATH, type SubmitTarget, takeTransaction } from "./submit.ts";
import { ADD_CHECKPOINT, takeAddCheckpoint } from "./witness-door.ts";

export interface ServeOptions extends Served, Listen {
  /** The source of this name that takes pushed changes, if there is one. */
  readonly push?: (source: string) => PushTarget | undefined;
  /** Answers `POST /add-checkpoint` (C2SP tlog-witness), where the one who serves this log also cosigns it. */
  readonly witness?: WitnessDeps;
  /** Takes members' transactions. */
  readonly submit?: SubmitTarget;
  /** What every answer says in `anamnesis-notice` as long as it is not undefined: one short line of ASCII. */
  readonly notice?: () => string | undefined;
}

/** @throws AnamnesisError `gateway/port-busy`, `gateway/port-forbidden`, `gateway/bad-address` */
export function serveLog(options: ServeOptions): Promise<LogServer> {
  return serveHttp(options, async (request) => noticed(await answerTo(options, request), options.notice?.()));
}

async function answerTo(served: ServeOptions, request: IncomingMessage): Promise<Answer> {
  const { method, url = "/", headers } = request;
  const source = method === "POST" ? pushPath(url) : undefined;
  if (source !== undefined && served.push !== undefined)
    return takePush(served.primitives, served.push(source), request);
  if (method === "POST" && url === ADD_CHECKPOINT && served.witness !== undefined)
    return takeAddCheckpoint(served.witness, request);
  if (method === "POST" && url === SUBMIT_PATH && served.submit !== undefined)
    return takeTransaction(served.primitives, served.submit, request);
  // Nothing else reads a body: whatever comes is thrown away.
  request.resume();
  return method === "GET" || method === "HEAD" ? route(served, url, headers.authorization) : notAllowed();
}

const noticed = (given: Answer, notice: string | undefined): Answer =>
  notice === undefined ? given : { ...given, headers: { ...given.headers, "anamnesis-notice": notice } };

function notAllowed(): Answer {
  const refused = plain(405, "this address can only be read");
  return { ...refused, headers: { ...refused.headers, allow: "GET, HEAD" } };
}
