/** A log over HTTP as a follower takes it: everything behind one checkpoint, several requests on their way at a time. */
import { parseCheckpoint, parseNote } from "@anamnesis/ledger";
import type { NotedLog } from "./file-fetcher.ts";
import { type HttpFetcherOptions, httpFetcher } from "./http-fetcher.ts";
import { Ahead } from "./http-fetcher-ahead.ts";

/**
 * Tiles are those of the checkpoint that was asked for last. A missing answer is for the follower to try again, so nothing is
 * retried here. @throws AnamnesisError `gateway/bad-address`
 */
export function followedLog(
  url: string,
  options: HttpFetcherOptions = {},
): Pick<NotedLog, "checkpoint" | "tile" | "notes"> {
  const log = httpFetcher(url, { retries: 0, ...options });
  let ahead = new Ahead(log.tile, 0);
  return {
    async checkpoint() {
      const { note } = await log.checkpoint();
      ahead = new Ahead(log.tile, parseCheckpoint(parseNote(note).text).size);
      return { note };
    },
    tile: (path) => ahead.tile(path),
    notes: (sequence) => log.notes(sequence),
  };
}
