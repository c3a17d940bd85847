/** Who acts in what is being sealed, and why: as the stream says, or else as another witness of the transaction tells. */
import type { Handles } from "@anamnesis/crypto";
import { purposeCode } from "@anamnesis/ledger";
import type { Attribution } from "./interlude.ts";
import type { EventSink } from "./lot.ts";

/** Who wrote a transaction, as far as another witness than the stream tells. */
export type ActorOf = (
  xid: bigint,
  time: number,
) => { readonly actor: string; readonly purpose: string | null } | undefined;

const ACTORS_MAX = 10_000;

export class Speaker {
  readonly #handles: Handles;
  readonly #sink: Pick<EventSink, "actor">;
  readonly #actorOf: ActorOf | undefined;
  readonly #known = new Map<string, Uint8Array>();
  #asked = false;
  /** 16 bytes; null: unknown. */
  actor: Uint8Array | null = null;
  purpose: string | null = null;

  constructor(handles: Handles, sink: Pick<EventSink, "actor">, actorOf: ActorOf | undefined) {
    this.#handles = handles;
    this.#sink = sink;
    this.#actorOf = actorOf;
  }

  /** A transaction begins. `asked`: nobody else knows who speaks in it. */
  begin(asked: boolean): void {
    this.actor = null;
    this.purpose = null;
    this.#asked = asked;
  }

  says(actor: string | null, purpose: string | null): void {
    this.actor = actor === null ? null : this.#handle(actor);
    this.purpose = purpose;
  }

  /** `purpose` is kept only if it may stand on the ledger. */
  attribute({ actor = null, purpose = null }: Attribution): void {
    this.says(actor, purpose === null ? null : purposeCode(purpose));
  }

  /** Before an event of a transaction that the stream told nothing of. Asks once. */
  ask(xid: bigint, time: number): void {
    if (this.actor !== null || this.#asked || xid === 0n) return;
    this.#asked = true;
    const found = this.#actorOf?.(xid, time);
    if (found === undefined) return;
    this.actor = this.#handle(found.actor);
    this.purpose ??= found.purpose === null ? null : purposeCode(found.purpose);
  }

  #handle(name: string): Uint8Array {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= ACTORS_MAX) this.#known.clear();
    const handle = this.#handles.actor(name);
    this.#known.set(name, handle);
    this.#sink.actor(handle, name);
    return handle;
  }
}
