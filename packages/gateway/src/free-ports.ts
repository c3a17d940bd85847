/** Ports for several servers that are to start later. */
import { gatewayError } from "./errors.ts";
import { type LogServer, serveHttp } from "./http-server.ts";

/**
 * @param wanted 0 = any free one. All are held at once before they are given out, so no two are the same.
 * @throws AnamnesisError `gateway/port-busy`, `gateway/port-forbidden`, `gateway/bad-address`
 */
export async function freePorts(wanted: readonly number[]): Promise<readonly number[]> {
  const held: LogServer[] = [];
  try {
    for (const port of wanted) held.push(await serveHttp({ port }, nobody));
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map((each) => each.stop()));
  }
}

const nobody = (): Promise<never> =>
  Promise.reject(gatewayError("gateway/unreachable", "the server has not started: try again"));
