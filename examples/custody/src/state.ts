/** What the ledger remembers of a sample. */
import { asBytes, asText, asTuple, asUint, type Bytes, decode, encode, toHex } from "@anamnesis/core";
import type { StateReader } from "@anamnesis/ledger";
import { type Outcome, outcomeOf } from "./commands.ts";

export interface Sample {
  /** Organisation that holds it, or held it last. */
  readonly holder: string;
  readonly material: string;
  /** Handle of the sample it is a part of. */
  readonly parent: Uint8Array | null;
  /** What became of it; null while it is in somebody's hands. */
  readonly outcome: Outcome | null;
  readonly moves: number;
  /** Agreed time of its newest command, ms. */
  readonly since: number;
}

export const samplePath = (handle: Uint8Array): string => `sample/${toHex(handle)}`;

export function readSample(state: StateReader, handle: Uint8Array): Sample | undefined {
  const value = state.get(samplePath(handle));
  return value === undefined ? undefined : decodeSample(value);
}

export const encodeSample = ({ holder, material, parent, outcome, moves, since }: Sample): Uint8Array =>
  encode([holder, material, parent, outcome, moves, since]);

export function decodeSample(bytes: Bytes): Sample {
  const [holder, material, parent, outcome, moves, since] = asTuple(decode(bytes, "sample"), 6, "sample");
  return {
    ...{ holder: asText(holder, 32, "holder"), material: asText(material, 16, "material") },
    parent: parent === null ? null : asBytes(parent, 16, "parent"),
    outcome: outcome === null ? null : outcomeOf(asText(outcome, 16, "outcome")),
    ...{ moves: asUint(moves, "moves"), since: asUint(since, "since") },
  };
}
