/**
 * Rows held against what the ledger had vouched for, up to 64 at a time: a commitment is an HMAC, which costs a third when many
 * are computed together, and nearly every row fits. What does not is looked at again, alone.
 */
import type { Bytes } from "@anamnesis/core";
import { RowLot, type RowSealer } from "@anamnesis/crypto";
import { isAt } from "../former.ts";
import type { VisibleEvent } from "../row-index.ts";

/** What a row was vouched for with. */
export type Vouched = Pick<VisibleEvent, "alive" | "bytes" | "commitmentAt" | "schemaAt" | "lsn" | "ordinal">;

/** What a commitment to the row would be made of. */
export interface Comparison {
  readonly sealer: RowSealer;
  readonly table: Bytes;
  readonly schema: Bytes;
  readonly row: Bytes;
  readonly bytes: Bytes;
}

const TOGETHER = 64;
const COMMITMENT_BYTES = 32;
const SCHEMA_BYTES = 8;
const KEPT_BYTES = COMMITMENT_BYTES + SCHEMA_BYTES;

export class Comparisons {
  readonly #lot = RowLot.open();
  /** Told of each that differs, in order. */
  readonly #waiting: ((before: Vouched) => void)[] = [];
  readonly #before: Pick<Vouched, "lsn" | "ordinal">[] = [];
  /** Of each that waits, commitment and schema: the record they come from is about to be written over. */
  readonly #kept = new Uint8Array(TOGETHER * KEPT_BYTES);

  /** Takes a comparison, whose bytes are good until this returns; false when it cannot wait. `differs`: with a copy of `before`. */
  add({ sealer, ...place }: Comparison, before: Vouched, differs: (before: Vouched) => void): boolean {
    if (this.#lot === undefined) return false;
    if (this.#waiting.length === TOGETHER) this.settle();
    const { lsn, ordinal } = before;
    const { bytes, ...covered } = place;
    if (this.#lot.commitment(sealer, { ...covered, lsn, ordinal }, bytes) < 0) {
      if (this.#waiting.length === 0) return false;
      this.settle();
      return this.add({ sealer, ...place }, before, differs);
    }
    const at = KEPT_BYTES * this.#waiting.length;
    for (let i = 0; i < COMMITMENT_BYTES; i++) this.#kept[at + i] = before.bytes[before.commitmentAt + i] as number;
    for (let i = 0; i < SCHEMA_BYTES; i++) {
      this.#kept[at + COMMITMENT_BYTES + i] = before.bytes[before.schemaAt + i] as number;
    }
    this.#waiting.push(differs);
    this.#before.push({ lsn, ordinal });
    return true;
  }

  /** Compares all that wait. */
  settle(): void {
    const count = this.#waiting.length;
    if (this.#lot === undefined || count === 0) return;
    this.#lot.run();
    const [waiting, before] = [this.#waiting.splice(0), this.#before.splice(0)];
    const different = waiting.map((_, i) => !this.#fits(i));
    this.#lot.clear();
    const kept = this.#kept.slice(0, KEPT_BYTES * count);
    for (const [i, differs] of waiting.entries()) {
      if (different[i] !== true) continue;
      const commitmentAt = KEPT_BYTES * i;
      const { lsn, ordinal } = before[i] as Pick<Vouched, "lsn" | "ordinal">;
      differs({ alive: true, bytes: kept, commitmentAt, schemaAt: commitmentAt + COMMITMENT_BYTES, lsn, ordinal });
    }
  }

  #fits(i: number): boolean {
    return this.#lot !== undefined && isAt(this.#kept, KEPT_BYTES * i, this.#lot.commitmentOf(i));
  }
}
