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
import type { EventWitness, Predecessor, RowIndexWriter } from "../row-index.ts";
import type { Sealer } from "../sealer.ts";
import { type BeforeImage, BeforeImages, type ContradictedRow, type ImageWitness } from "./images.ts";
import type { Judge } from "./judge.ts";

const HELD_MAX = 200_000;

type Found = ContradictedRow & { readonly lsn: bigint };

export interface ContradictionsOptions {
  readonly judge: Judge;
  readonly index: Pick<RowIndexWriter, "predecessor">;
  /** What the source delivers again before this position was looked at, and what was found is final. */
  readonly settledTo: bigint;
  /** Default 200,000: about 60 MiB. More are not remembered at a time: the source delivers the others again. */
  readonly heldMax?: number;
}

export class Contradictions implements EventWitness, ImageWitness, Interlude {
  readonly #o: ContradictionsOptions;
  readonly #images = new BeforeImages();
  readonly #found: Found[] = [];
  #emitted: { readonly lsn: bigint; readonly at: Position }[] = [];
  #left: bigint | undefined;

  constructor(options: ContradictionsOptions) {
    this.#o = options;
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

  /** Whether the batch should be closed, lest memory hold too many images. */
  takeCrowded(): boolean {
    return this.#images.takeCrowded();
  }

  wants({ lsn, ordinal }: Event): boolean {
    return this.#images.has({ lsn, ordinal });
  }

  replaced({ table, xid, time, lsn }: Event, row: Uint8Array, predecessor: Predecessor): void {
    const image = this.#images.take();
    if (image === undefined || !this.#o.judge.contradicts(image, row, predecessor)) return;
    this.#add({ table, row, event: predecessor.index, xid, time, lsn, ...this.#named(image, predecessor) });
  }

  due(): boolean {
    return this.#found.length > 0;
  }

  pending(): boolean {
    return this.#isUnderWay() || this.#left !== undefined;
  }

  emit(sealer: Sealer): void {
    for (const found of this.#found.splice(0, LIMITS.batchEvents)) {
      sealer.contradicted(found);
      this.#emitted.push({ lsn: found.lsn, at: sealer.position });
    }
  }

  final(known: Position): void {
    const open = this.#emitted.findIndex(({ at }) => comparePositions(at, known) > 0);
    this.#emitted = open < 0 ? [] : this.#emitted.slice(open);
  }

  #isUnderWay(): boolean {
    return this.#found.length + this.#emitted.length > 0;
  }

  #lookAgain(image: BeforeImage, row: Uint8Array | null): void {
    if (row === null) return;
    const known = this.#o.index.predecessor(image.table.handle, row, image.at);
    if (known === undefined || known.contradicted || !this.#o.judge.contradicts(image, row, known)) return;
    const { xid, time } = known;
    const { handle: table } = image.table;
    this.#add({ table, row, event: known.index, xid, time, lsn: image.at.lsn, ...this.#named(image, known) });
  }

  #named(image: BeforeImage, { before }: Predecessor): Pick<Found, "name"> {
    return before === undefined ? { name: this.#o.judge.nameOf(image) } : {};
  }

  #add(found: Found): void {
    if (this.#left === undefined && this.#found.length + this.#emitted.length < (this.#o.heldMax ?? HELD_MAX))
      this.#found.push(found);
    else this.#left ??= found.lsn;
  }
}
