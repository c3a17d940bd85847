/** The findings of highest score, at most so many, and how many others there were. */
import type { Finding } from "./finding.ts";

export class Top {
  readonly #max: number;
  #kept: Finding[] = [];
  #more = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(finding: Finding): void {
    this.#kept.push(finding);
    if (this.#kept.length >= 2 * this.#max + 1_000) this.#trim();
  }

  take(): { readonly findings: readonly Finding[]; readonly more: number } {
    this.#trim();
    return { findings: this.#kept, more: this.#more };
  }

  #trim(): void {
    this.#kept.sort((a, b) => b.score - a.score || a.first - b.first || (a.actor < b.actor ? -1 : 1));
    this.#more += Math.max(0, this.#kept.length - this.#max);
    this.#kept = this.#kept.slice(0, this.#max);
  }
}
