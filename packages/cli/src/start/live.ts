/** What the live view shows, gathered once a second, and as lines. */

import type { ReadsFigures } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import type { RunningSource } from "@anamnesis/node";
import type { Ward } from "@anamnesis/sandbox";
import { span } from "../output/time.ts";
import type { Service } from "../service.ts";
import type { Texts } from "../texts/en.ts";
import type { VerifyLoop } from "./verify-loop.ts";

export interface Live {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly lagMs: number;
  readonly checkpoint: { readonly size: number; readonly root: string };
  readonly unknownActors: number;
  readonly wardWrites: number;
  /** Read events found, how far behind the log, and what keeps us from it. */
  readonly reads?: { readonly told: number; readonly lagMs: number; readonly problem: string | undefined };
  readonly upMs: number;
}

export interface Watched {
  readonly service: Service;
  readonly source: RunningSource;
  readonly ward: Ward;
}

/** Looks, and remembers what it saw for the rate. */
export class Watcher {
  readonly #watched: Watched;
  readonly #started = Date.now();
  #before: { readonly events: number; readonly at: number } | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  async look(): Promise<Live> {
    const { service, source, ward } = this.#watched;
    const at = Date.now();
    const { size, root } = await service.node.engine.checkpoint();
    const { events, unattributed } = source.counters();
    const before = this.#before ?? { events, at: at - 1000 };
    this.#before = { events, at };
    const { pending, newest } = source.now;
    const reads = source.reads();
    return {
      events,
      eventsPerSecond: ((events - before.events) * 1000) / Math.max(1, at - before.at),
      lagMs: pending > 0 && newest > 0 ? Math.max(0, at - newest / 1000) : 0,
      checkpoint: { size, root: toHex(root) },
      unknownActors: unattributed,
      wardWrites: ward.figures.rows,
      ...(reads === undefined ? {} : { reads: readsSeen(reads, at) }),
      upMs: at - this.#started,
    };
  }
}

function readsSeen(reads: ReadsFigures, at: number): NonNullable<Live["reads"]> {
  const behind = (reads.waiting > 0 || !reads.atEnd) && reads.newest > 0;
  return { told: reads.told, lagMs: behind ? Math.max(0, at - reads.newest / 1000) : 0, problem: reads.problem };
}

export function rowsOf(live: Live, verification: string, { start }: Texts): [string, string][] {
  const { labels } = start;
  return [
    [labels.events, `${live.events}   ${live.eventsPerSecond.toFixed(0)} ${start.perSecond}`],
    [labels.lag, `${live.lagMs.toFixed(0)} ms`],
    [labels.checkpoint, `${live.checkpoint.size}   ${live.checkpoint.root.slice(0, 16)}…`],
    [labels.verification, verification],
    [labels.unknown, String(live.unknownActors)],
    [labels.ward, start.writes(live.wardWrites)],
    ...(live.reads === undefined ? [] : [[labels.reads, start.reads(live.reads)] satisfies [string, string]]),
    [labels.uptime, span(live.upMs)],
  ];
}

/** The newest verification as a sentence, and whether it is good news. */
export function verdict(loop: VerifyLoop, { start }: Texts): { readonly text: string; readonly good: boolean } {
  const { last } = loop;
  if (last === undefined) return { text: start.notVerified, good: true };
  const ago = span(Date.now() - last.at);
  if (last.code !== undefined) return { text: start.verifyFailed(last.code), good: false };
  if (last.findings > 0) return { text: start.verifiedFindings(last.findings, ago), good: false };
  return { text: start.verified(last.rows, last.seconds.toFixed(1), ago), good: true };
}
