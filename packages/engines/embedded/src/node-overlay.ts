/** Nodes of the state tree: the store's, page by page, and upon them the changes of one block, held back until it is written. */
import type { StateNodeStore } from "@anamnesis/ledger";
import {
  decodePage,
  encodePage,
  type PageName,
  type PageNodes,
  type PageWrite,
  pageKey,
  pageName,
  slotOf,
} from "./state-pages.ts";

interface Page {
  readonly name: PageName;
  readonly nodes: PageNodes;
  changed: boolean;
}

/** Where pages are read. */
export interface PageSource {
  page(name: PageName): Uint8Array | undefined;
}

/** Of one state: pages that were read once are not read again. */
export class NodeOverlay implements StateNodeStore {
  readonly #below: PageSource | undefined;
  readonly #pages = new Map<number | string, Page>();

  /** @param below where unchanged nodes are; none for a new tree. */
  constructor(below: PageSource | undefined) {
    this.#below = below;
  }

  get(path: Uint8Array): Uint8Array | undefined {
    return this.#page(path).nodes[slotOf(path)];
  }

  put(path: Uint8Array, node: Uint8Array): void {
    this.#set(path, node);
  }

  delete(path: Uint8Array): void {
    this.#set(path, undefined);
  }

  /** What has to be written for the changes. */
  *[Symbol.iterator](): Iterator<PageWrite> {
    for (const { name, nodes, changed } of this.#pages.values()) {
      if (changed) yield { name, data: encodePage(nodes) };
    }
  }

  #set(path: Uint8Array, node: Uint8Array | undefined): void {
    const page = this.#page(path);
    page.nodes[slotOf(path)] = node;
    page.changed = true;
  }

  #page(path: Uint8Array): Page {
    const key = pageKey(path);
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const name = pageName(path);
    const data = this.#below?.page(name);
    const page = { name, nodes: data === undefined ? [] : decodePage(data), changed: false };
    this.#pages.set(key, page);
    return page;
  }
}
