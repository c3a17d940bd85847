import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { sandboxError } from "../errors.ts";
import type { Rng } from "../random.ts";
import { ACTIONS, type Action } from "./actions.ts";
import { type Actor, actorStatement } from "./actors.ts";

/** One committed transaction of the ward. */
export interface WardWrite {
  readonly what: string;
  /** `undefined`: an administrator who said neither who nor why. */
  readonly actor: Actor | undefined;
  readonly rows: number;
}

const WEIGHTS = ACTIONS.reduce((sum, each) => sum + each.weight, 0);
const UNNAMED = 0.01;
const GIVEN_UP = 0.01;

/** Does one thing and commits; `undefined` when nothing was written, or it was rolled back on purpose. */
export async function transact(client: pg.ClientBase, rng: Rng, patient: number): Promise<WardWrite | undefined> {
  const action = choose(rng);
  const actor = rng.chance(UNNAMED) ? undefined : action.actor(rng);
  await client.query(actor === undefined ? "BEGIN" : `BEGIN; ${actorStatement(actor)}`);
  let rows: number;
  try {
    rows = await action.act({ client, rng, patient });
  } catch (error) {
    if (!isLost(error)) await client.query("ROLLBACK");
    if (isConflict(error)) return undefined;
    throw error;
  }
  const givenUp = rng.chance(GIVEN_UP);
  await client.query(givenUp ? "ROLLBACK" : "COMMIT");
  return givenUp || rows === 0 ? undefined : { what: action.what, actor, rows };
}

function choose(rng: Rng): Action {
  let left = rng.int(WEIGHTS);
  const found = ACTIONS.find((each) => {
    left -= each.weight;
    return left < 0;
  });
  return found ?? rng.pick(ACTIONS);
}

/**
 * Two people at the same row: one of them tries again later. Deadlock, serialization, lock timeout, equal key, key gone; or a table
 * changed its columns between planning and running.
 */
function isConflict(error: unknown): boolean {
  return ["40P01", "40001", "55P03", "23505", "23503", "0A000", "42804"].includes(sqlState(error));
}

/** The server's code, or the system's; empty when the error has none. */
export function sqlState(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** True when the server is gone, going or coming: errors that a new connection may cure. Classes 08 and 57, sockets, pg's own words. */
export function isLost(error: unknown): boolean {
  if (/^(08|57P0|53300)|^E(CONN|PIPE|TIMEDOUT)/.test(sqlState(error))) return true;
  return (
    error instanceof Error &&
    /Connection terminated|Client has encountered|not queryable|timeout expired/.test(error.message)
  );
}

/** Connects, waiting longer and longer while the server is away; `undefined` when asked to stop. */
export async function connect(url: string, signal: AbortSignal): Promise<pg.Client | undefined> {
  for (let wait = 50; !signal.aborted; wait = Math.min(wait * 2, 1_000)) {
    const client = new pg.Client({ connectionString: url, application_name: "ward", connectionTimeoutMillis: 5_000 });
    client.on("error", () => undefined); // the query in flight reports it
    try {
      await client.connect();
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      if (!isLost(error))
        throw sandboxError("sandbox/ward-failed", "the ward cannot connect to the hospital", {}, error);
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}
