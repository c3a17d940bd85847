/** Nodes of the state tree: the store's, page by page, and upon them the changes of one block, held back until it is written. */
import type { StateNodeStore } from "@anamnesis/ledger";
import { StatePage } from "./state-page.ts";
import { type PageName, type PageWrite, pageKey, pageName, slotOf } from "./state-pages.ts";

interface Named {
  readonly name: PageName;
  readonly page: StatePage;
}

/** Where pages are read. */
export interface PageSource {
  page(name: PageName): Uint8Array | undefined;
}

/** Of one state: pages that were read once are not read again. */
export class NodeOverlay implements StateNodeStore {
  readonly #below: PageSource | undefined;
  readonly #pages = new Map<number | string, Named>();

  /** @param below where unchanged nodes are; none for a new tree. */
  constructor(below: PageSource | undefined) {
    this.#below = below;
  }

  get(path: Uint8Array): Uint8Array | undefined {
    return this.#page(path).get(slotOf(path));
  }

  put(path: Uint8Array, node: Uint8Array): void {
    this.#page(path).set(slotOf(path), node);
  }

  delete(path: Uint8Array): void {
    this.#page(path).set(slotOf(path), undefined);
  }

  /** What has to be written for the changes. */
  *[Symbol.iterator](): Iterator<PageWrite> {
    for (const { name, page } of this.#pages.values()) {
      if (page.changed) yield { name, data: page.encode() };
    }
  }

  #page(path: Uint8Array): StatePage {
    const key = pageKey(path);
    const known = this.#pages.get(key);
    if (known !== undefined) return known.page;
    const name = pageName(path);
    const page = new StatePage(this.#below?.page(name));
    this.#pages.set(key, { name, page });
    return page;
  }
}
