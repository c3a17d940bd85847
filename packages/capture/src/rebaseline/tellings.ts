/** What the ledger is told of tables at the start of a session, as the first interlude of it. */
import type { Position } from "@anamnesis/contracts";
import type { Interlude } from "../interlude.ts";
import type { Sealer } from "../sealer.ts";
import { AfterFinal } from "./after.ts";
import type { Telling } from "./register.ts";

export class Tellings implements Interlude {
  readonly #tellings: readonly Telling[];
  readonly #now: () => number;
  readonly #settled: () => void;
  readonly #after = new AfterFinal();
  #next = 0;

  /** `settled`: all of it is final. At once when there is nothing to tell. */
  constructor(tellings: readonly Telling[], now: () => number, settled: () => void) {
    this.#tellings = tellings;
    this.#now = now;
    this.#settled = settled;
    if (tellings.length === 0) settled();
  }

  due(): boolean {
    return this.#next < this.#tellings.length;
  }

  pending(): boolean {
    return this.due() || this.#after.pending;
  }

  emit(sealer: Sealer): void {
    sealer.speak({ time: this.#now() * 1000 }, 0n);
    for (const telling of this.#tellings.slice(this.#next)) {
      sealer.tell(telling.table, telling.purpose, telling.schema);
      this.#after.add(sealer.position, telling.settle);
    }
    this.#next = this.#tellings.length;
    this.#after.add(undefined, this.#settled);
  }

  final(known: Position): void {
    this.#after.final(known);
  }
}
