/**
 * Rows held against what the ledger had vouched for, up to 64 at a time: a commitment is an HMAC, which costs a third when many
 * are computed together, and nearly every row fits. What does not is looked at again, alone.
 */
import type { Bytes } from "@anamnesis/core";
import { type LotPlace, RowLot, type RowSealer } from "@anamnesis/crypto";
import { isAt } from "../former.ts";
import type { VisibleEvent } from "../row-index.ts";

/** What a row was vouched for with. */
export type Vouched = Pick<VisibleEvent, "alive" | "bytes" | "commitmentAt" | "schemaAt" | "lsn" | "ordinal">;

/** What a commitment to the row would be made of: where it stands, and the row's bytes. */
export interface Comparison {
  readonly sealer: RowSealer;
  readonly place: LotPlace;
  readonly bytes: Bytes;
}

interface Waiting {
  readonly place: LotPlace;
  /** Told when it differs. */
  readonly differs: (before: Vouched) => void;
}

const TOGETHER = 64;
const COMMITMENT_BYTES = 32;
const SCHEMA_BYTES = 8;
const KEPT_BYTES = COMMITMENT_BYTES + SCHEMA_BYTES;

export class Comparisons {
  readonly #lot = RowLot.open();
  /** In order. */
  #waiting: Waiting[] = [];
  /** Of each that waits, commitment and schema: the record they come from is about to be written over. */
  readonly #kept = new Uint8Array(TOGETHER * KEPT_BYTES);

  /** Takes a comparison, whose bytes are good until this returns; false when it cannot wait. `differs`: with a copy of `before`. */
  add(comparison: Comparison, before: Vouched, differs: Waiting["differs"]): boolean {
    if (this.#lot === undefined) return false;
    if (this.#waiting.length === TOGETHER) this.settle();
    const { sealer, place, bytes } = comparison;
    if (this.#lot.commitment(sealer, place, bytes) < 0) {
      if (this.#waiting.length === 0) return false;
      this.settle();
      return this.add(comparison, before, differs);
    }
    const at = KEPT_BYTES * this.#waiting.length;
    for (let i = 0; i < COMMITMENT_BYTES; i++) this.#kept[at + i] = before.bytes[before.commitmentAt + i] as number;
    for (let i = 0; i < SCHEMA_BYTES; i++) {
      this.#kept[at + COMMITMENT_BYTES + i] = before.bytes[before.schemaAt + i] as number;
    }
    this.#waiting.push({ place, differs });
    return true;
  }

  /** Compares all that wait. */
  settle(): void {
    const waiting = this.#waiting;
    if (this.#lot === undefined || waiting.length === 0) return;
    this.#lot.run();
    this.#waiting = [];
    const different = waiting.map((_, i) => !this.#fits(i));
    this.#lot.clear();
    const bytes = this.#kept.slice(0, KEPT_BYTES * waiting.length);
    for (const [i, { place, differs }] of waiting.entries()) {
      if (different[i] !== true) continue;
      const { lsn, ordinal } = place;
      const commitmentAt = KEPT_BYTES * i;
      differs({ alive: true, bytes, commitmentAt, schemaAt: commitmentAt + COMMITMENT_BYTES, lsn, ordinal });
    }
  }

  #fits(i: number): boolean {
    return this.#lot !== undefined && isAt(this.#kept, KEPT_BYTES * i, this.#lot.commitmentOf(i));
  }
}
