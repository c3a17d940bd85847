import { createServer } from "node:net";
import { classify, sandboxError } from "../errors.ts";

const FIRST_PORT = 54320;
const PORTS_MAX = 400;

/** True when nothing listens on that port of 127.0.0.1. Throws `sandbox/no-access` for a port reserved to root. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (classify(error) === "sandbox/port-busy") resolve(false);
      else
        reject(
          sandboxError("sandbox/no-access", `cannot listen on port ${port}: choose one above 1023`, { port }, error),
        );
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Ports in the order to try: the one used last time, then upwards from 54320, so that a free machine always gives the same. */
export function* candidates(last: number | undefined): Generator<number> {
  if (last !== undefined) yield last;
  for (let i = 0; i < PORTS_MAX; i++) yield FIRST_PORT + i;
}

export function portBusy(port: number, cause?: unknown): Error {
  const message = `port ${port} is in use: stop the program that listens there, or choose another port`;
  return sandboxError("sandbox/port-busy", message, { port }, cause);
}
