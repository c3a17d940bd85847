/**
 * What the log looks like over HTTP (C2SP tlog-tiles): request in, answer out, no sockets here. Hash tiles and
 * checkpoints are public; entries are for members, who show a token.
 */
import { AnamnesisError } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { genesisToJson, type Health, type LogReader, parseTilePath, type TileId } from "@anamnesis/ledger";
import { type Answer, answer, jsonAnswer, plain, textAnswer } from "./answer.ts";
import { showsToken, unauthorised } from "./bearer.ts";
import { type ConsortiumRoutes, consortiumRoute } from "./consortium.ts";

export interface Served {
  readonly reader: LogReader;
  readonly primitives: Primitives;
  /** Answer of `/health`; without it the route says only that the process runs. */
  readonly health?: () => Promise<Health>;
  /** What members of a consortium ask each other. */
  readonly consortium?: ConsortiumRoutes;
  /** Members' token for `/tile/entries/…`; without it nobody gets entries. */
  readonly entriesToken?: string;
  /** Answer of `/witnessed`: the newest checkpoint with cosignatures of outside witnesses, as soon as there is one. */
  readonly witnessed?: () => string | undefined;
}

/** Entries that were dropped do not come back: 410, so that nobody asks again. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ["ledger/closed", 503],
  ["ledger/pruned", 410],
]);
const PATH_CHARACTERS_MAX = 128;
/** A full tile never changes. A partial one neither, but the next one replaces it soon. */
const FOREVER = "max-age=31536000, immutable";

/** @param target the raw request target, query included; @param authorization the header, if any. Never throws. */
export async function route(served: Served, target: string, authorization: string | undefined): Promise<Answer> {
  try {
    if (target.length > PATH_CHARACTERS_MAX) return plain(414, "the address is too long");
    if (target.startsWith("/tile/")) return await tile(served, target.slice(1), authorization);
    const answered = await consortiumRoute(served.consortium, target);
    if (answered !== undefined) return answered;
    switch (target) {
      case "/":
        return plain(200, `Anamnesis log ${(await served.reader.checkpoint()).origin}`);
      case "/checkpoint":
        return textAnswer(200, await newest(served), "no-cache");
      case "/witnessed":
        return witnessed(served);
      case "/genesis.json":
        return jsonAnswer(200, genesisToJson(served.reader.genesis), "max-age=3600");
      case "/health":
        return await health(served);
      default:
        return plain(404, "nothing here");
    }
  } catch (error) {
    return failure(error);
  }
}

async function newest({ reader, consortium }: Served): Promise<string> {
  const { note } = await reader.checkpoint();
  return consortium?.cosigned(note) ?? note;
}

async function tile(served: Served, path: string, authorization: string | undefined): Promise<Answer> {
  const id = tileId(path);
  if (id === undefined) return plain(404, "no tile has that name");
  const entries = id.level === "entries";
  if (entries && !showsToken(served.primitives, served.entriesToken, authorization)) {
    return unauthorised("entries", "entries are for members: show the token");
  }
  const data = await served.reader.tile(path);
  if (data === undefined) return plain(404, "the log has no such tile yet");
  const cache = `${entries ? "private" : "public"}, ${id.width === 256 ? FOREVER : "max-age=60"}`;
  return answer(200, "application/octet-stream", data, cache);
}

function witnessed(served: Served): Answer {
  const note = served.witnessed?.();
  return note === undefined ? plain(404, "no witness has cosigned this log") : textAnswer(200, note, "no-cache");
}

async function health({ health: ask }: Served): Promise<Answer> {
  const now = ask === undefined ? { status: "ok" } : await ask();
  return jsonAnswer(now.status === "ok" ? 200 : 503, `${JSON.stringify(now)}\n`, "no-store");
}

function tileId(path: string): TileId | undefined {
  try {
    return parseTilePath(path);
  } catch {
    return undefined;
  }
}

function failure(error: unknown): Answer {
  if (!(error instanceof AnamnesisError)) return plain(500, "the log cannot answer");
  const { code, message } = error as AnamnesisError;
  return plain(STATUS.get(code) ?? 500, `${code}: ${message}`);
}
