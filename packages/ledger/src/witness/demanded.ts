/** Demanding cosignatures: who has cosigned a checkpoint, of those that somebody trusts as witnesses. */
import type { Primitives } from "@anamnesis/crypto";
import type { Checkpoint } from "../checkpoint.ts";
import { knownError } from "../errors.ts";
import { type NoteVerifier, openNote } from "../note.ts";
import { checkpointOf } from "./request.ts";

export interface Demand {
  readonly witnesses: readonly NoteVerifier[];
  /** So many of them must have cosigned. */
  readonly least: number;
  /** Seconds since 1970: older cosignatures do not count. */
  readonly notBefore?: number;
}

export interface WitnessedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Those of the trusted witnesses that cosigned it, with the time (seconds since 1970). */
  readonly by: readonly { readonly name: string; readonly time: number }[];
  /** Names of those that did not. */
  readonly missing: readonly string[];
}

/**
 * Reads a note that the log signed, and which of the witnesses did. How many of them are enough is the caller's to say.
 * @throws AnamnesisError `ledger/bad-checkpoint` when the log did not sign it, a witness's signature is wrong, or it is of
 *   another log; `ledger/malformed`
 */
export function openWitnessed(
  p: Primitives,
  note: string,
  log: NoteVerifier,
  witnesses: readonly NoteVerifier[],
): WitnessedCheckpoint {
  // The log's own signature is demanded by itself: witnesses alone do not make a checkpoint.
  openNote(p, note, [log]);
  const { text, verified } = openNote(p, note, [log, ...witnesses]);
  const timeOf = (w: NoteVerifier) => verified.find((v) => v.name === w.name && v.keyId === w.keyId)?.time;
  const by = witnesses.flatMap((w) => {
    const time = timeOf(w);
    return time === undefined ? [] : [{ name: w.name, time }];
  });
  const missing = witnesses.filter((w) => timeOf(w) === undefined).map((w) => w.name);
  return { checkpoint: checkpointOf(text), by, missing };
}

/** The largest checkpoint that meets the demand, else the one that comes nearest; notes that cannot be opened do not count. */
export function bestWitnessed(
  p: Primitives,
  notes: readonly string[],
  log: NoteVerifier,
  demand: Demand,
): { readonly found?: WitnessedCheckpoint; readonly met: boolean } {
  const { witnesses, least, notBefore = 0 } = demand;
  const opened = notes.flatMap((note) => openOrNothing(p, note, log, witnesses));
  const counted = opened.map((found) => ({ found, count: found.by.filter((b) => b.time >= notBefore).length }));
  counted.sort((a, b) => b.found.checkpoint.size - a.found.checkpoint.size);
  const met = counted.find(({ count }) => count >= least);
  if (met !== undefined) return { found: met.found, met: true };
  counted.sort((a, b) => b.count - a.count || b.found.by.length - a.found.by.length);
  const nearest = counted[0]?.found;
  return { ...(nearest === undefined ? {} : { found: nearest }), met: false };
}

function openOrNothing(
  p: Primitives,
  note: string,
  log: NoteVerifier,
  witnesses: readonly NoteVerifier[],
): WitnessedCheckpoint[] {
  try {
    return [openWitnessed(p, note, log, witnesses)];
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return [];
  }
}
