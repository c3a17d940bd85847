/**
 * Events that are sealed together. Handles and commitments are HMACs, which cost half as much when many are computed at once;
 * an event's position is all that it has of its neighbours, so nobody waits for anybody. What has arrived in one piece makes
 * a lot, and leaves in the order in which it came, before anything else happens.
 */
import type { Bytes } from "@anamnesis/core";
import { type Handles, type LotPlace, RowLot, type RowSealer } from "@anamnesis/crypto";
import { type Event, encodeEventOnce } from "@anamnesis/ledger";

/**
 * Where sealed events go, in order. `key` is the readable key of the row, when there is one. A leaf's bytes are good until
 * `event` returns.
 */
export interface EventSink {
  event(leaf: Uint8Array, lsn: bigint, ordinal: number, table: Uint8Array, row: Uint8Array | null): void;
  row(table: Uint8Array, row: Uint8Array, key: string): void;
  actor(handle: Uint8Array, name: string): void;
  /** The events of `work`, `events` at most, become final together or not at all. */
  together(events: number, work: () => void): void;
  /** Everything that came so far has been handed over. */
  sealed?(): void;
}

/** Calls `seal` as soon as what is being handled now is through, and before anything else is. */
export type Soon = (seal: () => void) => void;

/** A handle, or its number in the lot. */
export type LotRow = Uint8Array | number;
/** A commitment, its number in the lot, or how it is made once the handle is known. */
export type LotCommitment = Uint8Array | number | ((row: Bytes) => Uint8Array);

/** An event with what its handle and commitment come from: one object from the change to the leaf, for making others costs more. */
export interface LotEvent extends Event {
  /** Filled in when the lot is sealed. */
  row: Uint8Array | null;
  commitment: Uint8Array | null;
  readonly rowFrom: LotRow | null;
  readonly commitmentFrom: LotCommitment | null;
  /** Readable key of a row that may be new. */
  readonly name: string | undefined;
}

export interface LotOptions {
  readonly handles: Handles;
  readonly sink: EventSink;
  /** Without it every event is sealed at once. */
  readonly soon: Soon | undefined;
}

/** Their messages stay in the processor's nearest cache. */
const EVENTS_MAX = 64;

export class Lot {
  readonly #o: LotOptions;
  readonly #lanes: RowLot | undefined;
  #events: LotEvent[] = [];
  #apart = false;
  #full = false;
  #failure: unknown;

  constructor(options: LotOptions) {
    this.#o = options;
    this.#lanes = options.soon === undefined ? undefined : RowLot.open();
  }

  /** From here on each event is sealed at once (`true`), or together with others. Seals what waits. */
  apart(apart: boolean): void {
    if (this.#apart === apart) return;
    this.seal();
    this.#apart = apart;
  }

  /** Whether events wait. */
  get waits(): boolean {
    return this.#events.length > 0;
  }

  /** The handle of a row of a table with a key, for the event that is added next. */
  row(table: Bytes, key: Bytes): LotRow {
    const number = this.#apart ? -1 : (this.#lanes?.handle(this.#o.handles, table, key) ?? -1);
    return number < 0 ? this.#o.handles.row(table, key) : number;
  }

  /** The commitment to a row, for the event that is added next. The bytes are good until this returns. */
  commitment(sealer: RowSealer, place: LotPlace, rowBytes: Bytes): LotCommitment {
    const number = this.#apart ? -1 : (this.#lanes?.commitment(sealer, place, rowBytes) ?? -1);
    if (number >= 0) return number;
    const { table, schema, row, lsn, ordinal } = place;
    if (typeof row !== "number") return sealer.commitment(table, row, schema, lsn, ordinal, rowBytes);
    this.#full = true;
    const copy = rowBytes.slice();
    return (handle) => sealer.commitment(table, handle, schema, lsn, ordinal, copy);
  }

  /** @throws whatever the sink throws; afterwards nothing more is taken, lest an event that was lost be followed by others. */
  add(event: LotEvent): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#events.push(event);
    const { soon } = this.#o;
    if (soon === undefined || this.#apart || this.#full || this.#events.length >= EVENTS_MAX) this.seal();
    else if (this.#events.length === 1) soon(() => this.seal());
  }

  /** Hands over what waits. @throws as `add` does. */
  seal(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#events.length === 0) return;
    try {
      this.#seal();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #seal(): void {
    const { sink } = this.#o;
    const [events, lanes] = [this.#events, this.#lanes];
    this.#events = [];
    lanes?.run();
    for (const event of events) {
      const { table, lsn, ordinal, name, rowFrom } = event;
      const row = typeof rowFrom === "number" ? (lanes?.handleOf(rowFrom) ?? null) : rowFrom;
      event.row = row;
      event.commitment = this.#commitmentOf(event.commitmentFrom, row);
      if (name !== undefined && row !== null) sink.row(table, row, name);
      sink.event(encodeEventOnce(event), lsn, ordinal, table, row);
    }
    lanes?.clear();
    this.#full = false;
    sink.sealed?.();
  }

  #commitmentOf(commitment: LotCommitment | null, row: Uint8Array | null): Uint8Array | null {
    if (typeof commitment === "number") return this.#lanes?.commitmentOf(commitment) ?? null;
    if (typeof commitment === "function") return row === null ? null : commitment(row);
    return commitment;
  }
}
