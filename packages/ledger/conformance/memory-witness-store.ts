/** A witness's memory that forgets when the process ends: for tests. */
import { equal } from "@anamnesis/core";
import type { WitnessedTree, WitnessStore } from "../src/index.ts";

export class MemoryWitnessStore implements WitnessStore {
  readonly #trees = new Map<string, WitnessedTree>();

  latest(origin: string): Promise<WitnessedTree | undefined> {
    return Promise.resolve(this.#trees.get(origin));
  }

  replace(
    origin: string,
    before: Pick<WitnessedTree, "size" | "root"> | undefined,
    next: WitnessedTree,
  ): Promise<boolean> {
    const now = this.#trees.get(origin);
    const same = now?.size === before?.size && equal(now?.root ?? new Uint8Array(0), before?.root ?? new Uint8Array(0));
    if (same) this.#trees.set(origin, next);
    return Promise.resolve(same);
  }
}
