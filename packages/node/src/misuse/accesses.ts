/** Accesses of one source, from the ledger's checked events: twice, first to learn which rows, then in order for the rules. */
import { LogReplay, type PlacedLeaf } from "@anamnesis/capture";
import { decodeEvent, type Event, type LogReader } from "@anamnesis/ledger";
import type { AccessKind } from "@anamnesis/misuse";
import type { SourceAccess } from "../access.ts";
import { primitives } from "../system.ts";

export interface Range {
  /** Microseconds since 1970: from here on. */
  readonly since: number;
  /** Up to here, not included. */
  readonly until: number;
}

export interface LoggedAccess extends Event {
  readonly kind: AccessKind;
}

const KINDS: ReadonlySet<string> = new Set<AccessKind>(["read", "create", "update", "delete"]);

/**
 * Goes through the log once. Every leaf is checked against the signed checkpoint, and only events that the organisation
 * signed count. Returns the size of the log that was seen.
 * @throws AnamnesisError `ledger/bad-checkpoint`, `ledger/bad-signature`, …
 */
export async function eachAccess(
  log: LogReader,
  access: SourceAccess,
  range: Range,
  signal: AbortSignal,
  take: (index: number, event: LoggedAccess) => void,
): Promise<number> {
  const sink = {
    apply(leaves: Iterable<PlacedLeaf>) {
      for (const { index, leaf } of leaves) {
        const event = decodeEvent(leaf);
        if (event.source !== access.name || !isAccess(event)) continue;
        if (event.time >= range.since && event.time < range.until) take(index, event);
      }
    },
    skipTo: () => undefined,
  };
  const { organisation } = access;
  return (await new LogReplay(log, sink, { primitives, organisation, signal }).catchUp()).size;
}

const isAccess = (event: Event): event is LoggedAccess => KINDS.has(event.kind);
