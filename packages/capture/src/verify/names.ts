/** Turning what the index knows into what people read. Names are claims of the cache: a row's is checked before use. */
import { equal, toHex } from "@anamnesis/core";
import type { IndexedEvent, RowId, RowIndexReader } from "../row-index.ts";
import type { LastEvent } from "./report.ts";
import type { RowIdentity } from "./row-identity.ts";

export class Names {
  readonly #index: RowIndexReader;
  /** Where names were learned: the local cache, also when the index itself was rebuilt from the log. */
  readonly #cache: RowIndexReader | undefined;

  constructor(index: RowIndexReader, cache: RowIndexReader | undefined) {
    this.#index = index;
    this.#cache = cache;
  }

  lastEvent(event: IndexedEvent | undefined): LastEvent | null {
    if (event === undefined) return null;
    return { index: event.index, time: event.time, actor: event.actor === null ? null : this.actor(event.actor) };
  }

  actor(handle: Uint8Array): string {
    return this.#cache?.actorName(handle) ?? toHex(handle);
  }

  table(handle: Uint8Array): string {
    return this.#cache?.tableName(handle) ?? toHex(handle);
  }

  /** Key text of a row that is not at hand; its handle when no learned name leads back to it. */
  key(id: RowId, identity: RowIdentity | undefined): string {
    const { table, row } = this.#index.handleOf(id);
    const found = this.#cache === this.#index ? id : this.#cache?.find(table, row);
    const text = found === undefined ? undefined : this.#cache?.keyOf(found);
    const back = text === undefined ? undefined : identity?.handleOfText(text);
    return text !== undefined && back !== undefined && equal(back, row) ? text : `#${toHex(row)}`;
  }
}
