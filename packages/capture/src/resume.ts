/**
 * How to go on: the ledger's position is the truth; the source's memory and our note are held against it. The database
 * itself forwards silently whatever is asked of it, so every mismatch is found here and becomes an event.
 */

import { comparePositions, type Position, type SourceState } from "@anamnesis/contracts";
import { concat, equal, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { LifeNote } from "./progress.ts";
import type { SourceLife } from "./source.ts";

export interface Known {
  /** What the ledger knows of the source. */
  readonly ledger: SourceState | undefined;
  readonly life: SourceLife;
  readonly note: {
    readonly life: LifeNote | undefined;
    readonly passed: bigint | undefined;
    /** The newest event that was final when `passed` was noted. */
    readonly final: Position | undefined;
  };
}

export type Decision =
  /** Nothing is on the ledger yet: begin with a baseline. */
  | { readonly kind: "fresh" }
  /** Go on; final commits that the source delivers again must be the same and are skipped. */
  | { readonly kind: "resume"; readonly incarnation: Uint8Array }
  /** Something was missed: say so, then go on. `renew`: the source remembers no position, so begin a new one. */
  | { readonly kind: "gap"; readonly incarnation: Uint8Array; readonly renew: boolean; readonly why: GapReason }
  /** The source was put back to an earlier state. */
  | { readonly kind: "restored"; readonly incarnation: Uint8Array; readonly renew: boolean };

export type GapReason = "other-life" | "position-lost" | "position-ahead";

export function decide(p: Primitives, { ledger, life, note }: Known): Decision {
  if (ledger === undefined) return { kind: "fresh" };
  const renew = life.resumeAt === undefined;
  const noted = note.life !== undefined && equal(note.life.incarnation, ledger.incarnation) ? note.life : undefined;
  const expected = noted?.base ?? ledger.incarnation;
  // A ledger put back behind the note lost what the note says has passed: only the ledger counts then.
  const behind = note.final !== undefined && comparePositions(ledger.position, note.final) < 0;
  const acknowledged = noted === undefined || behind ? undefined : note.passed;
  const least = acknowledged !== undefined && acknowledged > ledger.position.lsn ? acknowledged : ledger.position.lsn;
  if (!equal(expected, life.incarnation) && !hasGrownOutOf(life, expected, least)) {
    return { kind: "gap", incarnation: life.incarnation, renew, why: "other-life" };
  }
  if (life.end < least) return { kind: "restored", incarnation: afterRestore(p, ledger), renew };
  if (life.resumeAt === undefined) {
    return { kind: "gap", incarnation: ledger.incarnation, renew, why: "position-lost" };
  }
  if (life.resumeAt > least) return { kind: "gap", incarnation: ledger.incarnation, renew, why: "position-ahead" };
  return { kind: "resume", incarnation: ledger.incarnation };
}

/**
 * After a fail-over to a server that had everything we know, and that remembers our position: nothing was missed. Without
 * the position it counts as another life.
 */
function hasGrownOutOf(life: SourceLife, former: Uint8Array, least: bigint): boolean {
  const ancestor = life.ancestors?.find((a) => equal(a.incarnation, former));
  return ancestor !== undefined && least <= ancestor.end && life.resumeAt !== undefined;
}

/**
 * A restored source keeps its own name for its life, but its positions start over: the ledger gets a new name, made
 * from the old one and the number of batches before the restore.
 */
export function afterRestore(p: Primitives, ledger: SourceState): Uint8Array {
  return p.sha256(concat(ledger.incarnation, utf8(`restored/${ledger.batches}`))).slice(0, 8);
}

/** A commit that is final on the ledger. */
export interface FinalCommit {
  readonly lsn: bigint;
  readonly xid: bigint;
  readonly time: number;
}

/**
 * Holds delivered transactions against the final ones they must repeat. A transaction counts only when it has events.
 */
export class Replay {
  readonly #expected: readonly FinalCommit[];
  readonly #upTo: bigint;
  readonly #since: bigint;
  #next = 0;
  #lastSame: bigint | undefined;

  /**
   * `upTo`: the ledger's position; `expected`: final commits from the resume position on, in order. What lies before
   * `since` is not remembered any more: it is passed over unseen.
   */
  constructor(expected: readonly FinalCommit[], upTo: bigint, since = 0n) {
    this.#since = since;
    this.#expected = expected;
    this.#upTo = upTo;
  }

  /** The last commit that came again unchanged. */
  get lastSame(): bigint | undefined {
    return this.#lastSame;
  }

  /** Whether a transaction lies in the stretch that must repeat. */
  covers(lsn: bigint): boolean {
    return lsn <= this.#upTo && lsn >= this.#since;
  }

  /** Whether the ledger knows another transaction at exactly this position. */
  differs(commit: FinalCommit): boolean {
    const expected = this.#expected[this.#next];
    return expected?.lsn === commit.lsn && (expected.xid !== commit.xid || expected.time !== commit.time);
  }

  /**
   * A delivered transaction; one without events repeats nothing unless the ledger knows it. False when the ledger knows
   * another one in its place.
   */
  repeats(commit: FinalCommit, events: number): boolean {
    if (this.differs(commit)) return false;
    if (this.#expected[this.#next]?.lsn !== commit.lsn) return events === 0;
    this.#next++;
    this.#lastSame = commit.lsn;
    return true;
  }

  /** The source has delivered everything before `position`. False when a final commit did not come again. */
  complete(position: bigint): boolean {
    const expected = this.#expected[this.#next];
    return expected === undefined || expected.lsn >= position;
  }
}
