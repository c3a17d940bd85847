/**
 * Whoever alters a row behind capture must not be helped by the next honest change of that row, which commits to it as it
 * is by then. Such a change carries the row as it was before: that is held against what the ledger had vouched for, at the
 * moment when the index takes the change in, for then the row's record is at hand and says what came just before. What does
 * not fit becomes an event of its own, as an interlude, and a finding until it is accepted with a reason.
 *
 * Nothing of this is written down. As long as a contradiction is not final, the position that is acknowledged does not pass
 * the change that showed it: after a crash the source delivers it again, with the same image, and the same is found.
 */
import { comparePositions, type Position } from "@anamnesis/contracts";
import { type Event, LIMITS } from "@anamnesis/ledger";
import type { Interlude } from "../interlude.ts";
import type { EventWitness, KnownPredecessor, Predecessor, RowIndexWriter } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import { Comparisons, type Vouched } from "./comparisons.ts";
import {
  type BeforeImage,
  BeforeImages,
  type ContradictedRow,
  type ImageWitness,
  type SucceededRow,
} from "./images.ts";
import type { Judge } from "./judge.ts";
import type { Successions } from "./successions.ts";

const HELD_MAX = 200_000;
const EVENTS_EACH_MAX = 3;

type Found = { readonly lsn: bigint } & (
  | (ContradictedRow & { readonly kind: "contradicted" })
  | (SucceededRow & { readonly kind: "succeeded" })
);

/** A change of a row of which nothing was known under its handle. */
interface Absent {
  readonly image: BeforeImage;
  readonly row: Uint8Array;
  readonly index: number;
  readonly xid: bigint;
  readonly time: number;
  readonly baselined: boolean;
  /** Whether an event has named it. */
  readonly named: boolean;
}

export interface ContradictionsOptions {
  readonly judge: Judge;
  readonly successions: Successions;
  readonly index: Pick<RowIndexWriter, "predecessor">;
  /** What the source delivers again before this position was looked at, and what was found is final. */
  readonly settledTo: bigint;
  /** Default 200,000: about 60 MiB. More are not remembered at a time: the source delivers the others again. */
  readonly heldMax?: number;
}

export class Contradictions implements EventWitness, ImageWitness, Interlude {
  readonly #o: ContradictionsOptions;
  readonly #images = new BeforeImages();
  /** Rows that most likely are as they were vouched for: compared when all events are taken in. */
  readonly #comparisons = new Comparisons();
  readonly #found: Found[] = [];
  #absent: Absent[] = [];
  readonly #emitted: { readonly lsn: bigint; readonly at: Position; readonly ended: Uint8Array | undefined }[] = [];
  #left: bigint | undefined;

  constructor(options: ContradictionsOptions) {
    this.#o = options;
  }

  get successions(): Successions {
    return this.#o.successions;
  }

  /** No position at or behind this one may be acknowledged. */
  get hold(): bigint | undefined {
    return this.#emitted[0]?.lsn ?? this.#found[0]?.lsn ?? this.#left;
  }

  /** There were more than are remembered, and all that are remembered are final: the session should begin again. */
  get mustRepeat(): boolean {
    return this.#left !== undefined && !this.#isUnderWay();
  }

  /** The row that the event which is sealed next will replace. `final`: it is delivered again. */
  before(image: BeforeImage, final: boolean, rowOf: () => Uint8Array | null): void {
    if (!final) this.#images.keep(image);
    else if (image.at.lsn >= this.#o.settledTo) this.#lookAgain(image, rowOf());
  }

  wantsKeyless(table: Uint8Array): boolean {
    return this.#o.successions.isUnderWay(table);
  }

  /** Whether the batch should be closed, lest memory hold too many images. */
  takeCrowded(): boolean {
    return this.#images.takeCrowded();
  }

  wants({ lsn, ordinal }: Event): boolean {
    return this.#images.has(lsn, ordinal);
  }

  replaced({ xid, time }: Event, row: Uint8Array, predecessor: Predecessor): void {
    const image = this.#images.take();
    if (image !== undefined) this.#look(image, row, { ...predecessor, xid, time });
  }

  done(): void {
    this.#comparisons.settle();
  }

  /** Decides what could not be decided while the index was being written, which has everything up to `indexed` now. */
  resolve(indexed: Position): void {
    this.#settle(indexed);
    this.#resolveAll();
  }

  #resolveAll(): void {
    if (this.#absent.length === 0) return;
    this.#o.successions.refresh();
    for (const absent of this.#absent) this.#resolve(absent);
    this.#absent = [];
    this.#found.sort((a, b) => (a.lsn < b.lsn ? -1 : a.lsn > b.lsn ? 1 : 0)); // the first one says what is held
  }

  due(): boolean {
    return this.#found.length > 0;
  }

  pending(): boolean {
    return this.#isUnderWay() || this.#left !== undefined;
  }

  emit(sealer: Sealer): void {
    for (const found of this.#found.splice(0, Math.floor(LIMITS.batchEvents / EVENTS_EACH_MAX))) {
      if (found.kind === "contradicted") sealer.contradicted(found);
      else sealer.succeeded(found);
      const ended = found.kind === "succeeded" ? found.row : undefined;
      this.#emitted.push({ lsn: found.lsn, at: sealer.position, ended });
    }
  }

  final(known: Position): void {
    this.#settle(known);
  }

  #settle(indexed: Position): void {
    this.#o.successions.indexed(indexed);
    if (this.#emitted.length === 0) return;
    const open = this.#emitted.findIndex(({ at }) => comparePositions(at, indexed) > 0);
    const over = this.#emitted.splice(0, open < 0 ? this.#emitted.length : open);
    for (const { ended } of over) if (ended !== undefined) this.#o.successions.end(ended);
  }

  #isUnderWay(): boolean {
    return this.#found.length + this.#emitted.length > 0;
  }

  #lookAgain(image: BeforeImage, row: Uint8Array | null): void {
    if (row === null) return;
    const seen = this.#seen(image, row);
    if (seen === undefined || seen.known.told) return;
    this.#look(image, seen.row, seen.known);
    this.done();
    this.#resolveAll();
  }

  /** The event that the image belongs to: under the row's handle, or under the one that it had when the event was sealed. */
  #seen(image: BeforeImage, now: Uint8Array): { row: Uint8Array; known: KnownPredecessor } | undefined {
    for (const row of this.#o.successions.handles(image, now)) {
      const known = this.#o.index.predecessor(image.table.handle, row, image.at);
      if (known !== undefined) return { row, known };
    }
    return undefined;
  }

  #look(image: BeforeImage, row: Uint8Array, change: Change): void {
    const { index, xid, time, before, baselined } = change;
    const keyless = image.table.keyColumns.length === 0;
    if (keyless ? change.copies < 1 : before?.alive !== true) {
      this.#absent.push({ image, row: row.slice(), index, xid, time, baselined, named: before !== undefined });
    } else if (!keyless && before !== undefined) {
      const judge = (vouched: Vouched): void => {
        if (!this.#o.judge.contradicts(image, row, { before: vouched, baselined })) return;
        this.#contradicted(image, { row: row.slice(), index, xid, time, named: true });
      };
      const comparison = this.#o.judge.comparison(image, row, before);
      if (comparison === undefined || !this.#comparisons.add(comparison, before, judge)) judge(before);
    }
  }

  #resolve(absent: Absent): void {
    const { image, row, index: event, xid, time, baselined } = absent;
    const { handle: table, keyColumns } = image.table;
    const former = this.#o.successions.of(image, row);
    if (former.kind === "row") {
      const { row: ended, differs } = former;
      this.#o.successions.begin(ended);
      const missing = keyColumns.length === 0 ? { missing: { table: image.table, row } } : {};
      const { lsn } = image.at;
      this.#add({ kind: "succeeded", table, row: ended, event, xid, time, lsn, differs, ...missing });
    } else if (keyColumns.length > 0) {
      const isKnown = former.kind === "none" && this.#o.successions.isUnderWay(table);
      if (this.#o.judge.contradicts(image, row, { before: undefined, baselined }, isKnown))
        this.#contradicted(image, absent);
    }
  }

  #contradicted(
    image: BeforeImage,
    { row, index: event, xid, time, named }: Omit<Absent, "image" | "baselined">,
  ): void {
    const name = named ? {} : { name: this.#o.judge.nameOf(image) };
    this.#add({ kind: "contradicted", table: image.table.handle, row, event, xid, time, lsn: image.at.lsn, ...name });
  }

  #add(found: Found): void {
    if (this.#left === undefined && this.#found.length + this.#emitted.length < (this.#o.heldMax ?? HELD_MAX))
      this.#found.push(found);
    else this.#left ??= found.lsn;
  }
}

type Change = Predecessor & { readonly xid: bigint; readonly time: number };
