/** Fail-overs in the life of a cluster: which timelines the present one has grown out of, and where. */
import type { Client } from "pg";
import { parseLsn } from "./lsn.ts";

export interface FormerTimeline {
  readonly timeline: number;
  /** Where the next one left it: before this position both are the same. */
  readonly end: bigint;
}

const TIMELINES_MAX = 10_000;

/**
 * Asks a walsender for the history file of a timeline. Empty when the server has it no more: then nothing is known of
 * what came before.
 */
export async function readTimelines(client: Client, timeline: number): Promise<readonly FormerTimeline[]> {
  try {
    const { rows } = await client.query<{ content: Buffer | string }>(`TIMELINE_HISTORY ${Math.trunc(timeline)}`);
    const content = rows[0]?.content ?? "";
    return parseTimelines(typeof content === "string" ? content : content.toString("latin1"));
  } catch {
    return []; // the file was removed, or this server keeps none
  }
}

/** Lines of "timeline TAB position TAB reason" (PostgreSQL, "Timelines"); others are comments. */
export function parseTimelines(text: string): readonly FormerTimeline[] {
  const found = text.matchAll(/^[ \t]*(\d{1,10})\s+([0-9A-F]{1,8}\/[0-9A-F]{1,8})(?:\s|$)/gm);
  return [...found].slice(-TIMELINES_MAX).map(([, timeline, end = ""]) => ({
    timeline: Number(timeline),
    end: parseLsn(end),
  }));
}
