/** Lets the interludes of one session speak between transactions, within what the way to the ledger can take. */
import { comparePositions, type Position } from "@anamnesis/contracts";
import type { Flow } from "./flow.ts";
import { type Interlude, interludePlace } from "./interlude.ts";

export class Interludes {
  readonly #list: readonly Interlude[];
  readonly #flow: Pick<Flow, "full" | "sealer">;
  #told: Position | undefined;

  constructor(list: readonly Interlude[], flow: Pick<Flow, "full" | "sealer">) {
    this.#list = list;
    this.#flow = flow;
  }

  /** Whether one of them has, or will soon have, something to say. */
  get pending(): boolean {
    return this.#list.some((each) => each.pending?.() ?? each.due());
  }

  /** Emits what is due behind `reached` until nothing is, or the way is full. Gives the position reached then. */
  run(reached: Position): Position {
    let at = reached;
    for (const each of this.#list) {
      while (!this.#flow.full && each.due()) {
        this.#flow.sealer.interlude(interludePlace(at));
        each.emit(this.#flow.sealer);
        if (this.#flow.sealer.events > 0) at = this.#flow.sealer.position;
      }
    }
    return at;
  }

  /** Everything up to `known` is final and indexed. */
  final(known: Position): void {
    if (this.#told !== undefined && comparePositions(known, this.#told) <= 0) return;
    this.#told = known;
    for (const each of this.#list) each.final?.(known);
  }
}
