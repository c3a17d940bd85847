/** What the ledger remembers of a source: how far its history is known. */
import { asBytes, asTuple, asUint, decode, encode } from "@anamnesis/core";
import type { StateReader } from "@anamnesis/ledger";
import { type Position, parsePosition, positionTuple } from "./batch.ts";

export interface SourceState {
  readonly incarnation: Uint8Array;
  /** Everything up to here is on the ledger. */
  readonly position: Position;
  readonly batches: number;
  readonly events: number;
}

/** State key of a source of an organisation. */
export const sourcePath = (organisation: string, source: string): string => `source/${organisation}/${source}`;

export function readSource(state: StateReader, organisation: string, source: string): SourceState | undefined {
  const value = state.get(sourcePath(organisation, source));
  return value === undefined ? undefined : decodeSourceState(value);
}

export function encodeSourceState(s: SourceState): Uint8Array {
  return encode([s.incarnation, positionTuple(s.position), s.batches, s.events]);
}

export function decodeSourceState(value: Uint8Array): SourceState {
  const [incarnation, position, batches, events] = asTuple(decode(value, "source state"), 4, "source state");
  return {
    incarnation: asBytes(incarnation, 8, "incarnation"),
    position: parsePosition(position),
    batches: asUint(batches, "batches"),
    events: asUint(events, "events"),
  };
}
