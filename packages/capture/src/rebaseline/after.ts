/** What is to be noted once the events before it are final: in order, and not before. */
import { comparePositions, type Position } from "@anamnesis/contracts";

export class AfterFinal {
  readonly #waiting: { readonly at: Position | undefined; readonly run: () => void }[] = [];
  #known: Position | undefined;

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Runs `run` once everything up to `at` is final; undefined: once all that waits has run. */
  add(at: Position | undefined, run: () => void): void {
    this.#waiting.push({ at, run });
    this.#advance();
  }

  final(known: Position): void {
    this.#known = known;
    this.#advance();
  }

  #advance(): void {
    const known = this.#known;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { at, run } = first;
      if (at !== undefined && (known === undefined || comparePositions(at, known) > 0)) return;
      this.#waiting.shift();
      run();
    }
  }
}
