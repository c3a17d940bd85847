/** One HTTP server with limits, for every door of ours: how long, how many, how it stops. What is answered is the caller's. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import { gatewayError, systemCode } from "./errors.ts";

export interface LogServer {
  readonly port: number;
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Lets running answers finish, then cuts what is left: done within a second. Idempotent. */
  stop(): Promise<void>;
}

export interface Listen {
  /** 0 = any free port. */
  readonly port: number;
  readonly host?: string;
}

/** Must not throw, and must read or discard the request's body. */
export type AnswerTo = (request: IncomingMessage) => Promise<Answer>;

const LIMITS = { headerBytes: 8192, connections: 512, requestMs: 10_000, idleMs: 5000, stopMs: 800 };

/** @throws AnamnesisError `gateway/port-busy`, `gateway/port-forbidden`, `gateway/bad-address` */
export async function serveHttp({ port, host = "127.0.0.1" }: Listen, answerTo: AnswerTo): Promise<LogServer> {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: LIMITS.requestMs,
      requestTimeout: LIMITS.requestMs,
      keepAliveTimeout: LIMITS.idleMs,
      insecureHTTPParser: false,
    },
    (request, response) => void handle(answerTo, request, response),
  );
  server.maxConnections = LIMITS.connections;
  await listen(server, port, host);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  let stopping: Promise<void> | undefined;
  return {
    port: bound,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    stop: () => (stopping ??= stop(server)),
  };
}

async function handle(answerTo: AnswerTo, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method } = request;
  const answer = await answerTo(request);
  if (response.destroyed) return;
  response.writeHead(answer.status, answer.headers);
  if (answer.rest === undefined) return void response.end(method === "HEAD" ? undefined : answer.body);
  response.flushHeaders();
  response.end(await answer.rest);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, port, host)));
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      // Faults of single connections must not end the process.
      server.on("error", () => {});
      resolve();
    });
  });
}

function listenError(cause: unknown, port: number, host: string) {
  const details = { host, port };
  switch (systemCode(cause)) {
    case "EADDRINUSE":
      return gatewayError("gateway/port-busy", `port ${port} is in use: choose another one with --port`, details, {
        cause,
      });
    case "EACCES":
      return gatewayError(
        "gateway/port-forbidden",
        `no right to listen on port ${port}: choose one above 1023`,
        details,
        {
          cause,
        },
      );
    default:
      return gatewayError("gateway/bad-address", `cannot listen on ${host}, port ${port}: check the address`, details, {
        cause,
      });
  }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), LIMITS.stopMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
