/**
 * Events that belong to no transaction of the source: reads found in its server's log, re-baselines, what an operator
 * accepted. They stand between two transactions, just behind the last commit delivered: the source's commit positions are
 * multiples of 8, and interludes take the place 2 behind one, with ordinals that count on from one interlude to the next.
 */
import type { Position } from "@anamnesis/contracts";
import type { TableSchema } from "./source.ts";

/**
 * Something that has such events to tell. All methods are called synchronously by the one that follows the stream and must
 * return at once; an exception ends the session as an error of the stream does.
 */
export interface Interlude {
  /**
   * A session begins. Of what was emitted earlier (in this process or a former one) exactly the events up to `known`, the
   * ledger's position, are final; the rest is lost and has to be emitted again. Positions compare only within one
   * `incarnation`. `tables`: those that are captured now. Called once per session, before anything else.
   */
  begin?(known: Position, incarnation: Uint8Array, tables: readonly TableSchema[]): void;
  /** Whether there is something to emit now. Asked after commits, when the stream is idle, and some ten times a second. */
  due(): boolean;
  /**
   * Seals what is due, at most some 4,096 events; asked again when more is due, once there is room. What must be noted
   * durably before the events can become final is written here, before the first of them is sealed.
   */
  emit(sealer: InterludeSealer): void;
  /** Everything emitted up to `known` is final and indexed. Not called for every event, only for the newest ones. */
  final?(known: Position): void;
  /**
   * A patient is erased: drops what it keeps of persons at once, where that can be. The answer says, whenever it is asked, whether
   * nothing from before the call is left.
   */
  forget?(): () => boolean;
  /** Whether a run that ends when it has caught up should wait for more. Default: only while something is due. */
  pending?(): boolean;
}

/** Who, why and when. A missing actor is an unknown one; `time` in microseconds since 1970. */
export interface Attribution {
  readonly time: number;
  readonly actor?: string | null;
  readonly purpose?: string | null;
}

/** Seals at the place of the interlude. */
export interface InterludeSealer {
  /** The place of the newest event: the next one gets the same LSN and the ordinal after it. */
  readonly position: Position;
  /** Somebody read a row of a table (texts of the key columns, in key order), or the table (null). */
  read(table: TableSchema, key: readonly string[] | null, who: Attribution): void;
  /** Somebody read the rows of one patient in a table: the column that names patients, and its text. */
  readPatient(table: TableSchema, column: string, value: string, who: Attribution): void;
}

const ALIGNMENT = 8n;
const BEHIND = 2n;

/**
 * Where an interlude goes that follows everything up to `reached`. Behind a declared gap or a baseline, which stand one
 * below a possible commit, there is no free place left: it goes on with their ordinals.
 */
export function interludePlace(reached: Position): Position {
  const lsn = reached.lsn - (reached.lsn % ALIGNMENT) + BEHIND;
  return lsn > reached.lsn ? { lsn, ordinal: 0 } : reached;
}
