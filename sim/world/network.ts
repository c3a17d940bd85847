/** Messages under way: late, doubled, reordered, lost, and cut off for a while. All of it from the seed. */
import type { Chance } from "../random.ts";

interface Message<T> {
  readonly due: number;
  readonly link: string;
  readonly content: T;
}

/** Messages delivered at once, at most. */
const TOGETHER = 8;

export class Network<T> {
  #under: Message<T>[] = [];
  readonly #cut = new Set<string>();

  get waiting(): number {
    return this.#under.length;
  }

  /** Sends along a link that partitions may cut; `now` in ms. */
  send(chance: Chance, link: string, content: T, now: number): void {
    if (chance.once(1, 30)) return;
    const copies = chance.once(1, 8) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delay = chance.once(1, 15) ? chance.below(120_000) : chance.below(300);
      this.#under.push({ due: now + delay, link, content });
    }
  }

  /** Somebody listens: one of the messages under way. */
  overheard(chance: Chance): T | undefined {
    return this.#under.length === 0 ? undefined : chance.pick(this.#under).content;
  }

  cut(link: string): void {
    this.#cut.add(link);
  }

  heal(): void {
    this.#cut.clear();
  }

  isCut(link: string): boolean {
    return this.#cut.has(link);
  }

  /** What arrives now, sometimes in another order than it was sent. What is behind a cut waits. */
  arrived(chance: Chance, now: number): T[] {
    const due = this.#under.filter((each) => each.due <= now && !this.#cut.has(each.link));
    const taken: Message<T>[] = [];
    const shuffled = chance.once(1, 4);
    while (taken.length < TOGETHER && due.length > 0) {
      taken.push(...due.splice(shuffled ? chance.below(due.length) : 0, 1));
    }
    this.#under = this.#under.filter((each) => !taken.includes(each));
    return taken.map((each) => each.content);
  }

  /** Everything under way is lost, as when the receiver's machine stops. */
  lose(): void {
    this.#under = [];
  }
}
