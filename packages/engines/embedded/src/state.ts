/** The state behind the newest block. Every value read from disk is proved against the state root before it is used. */
import { type Bytes, toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  proveState,
  type StateNodeStore,
  type StateProof,
  type StateReader,
  updateState,
  verifyStateProof,
} from "@anamnesis/ledger";
import { damaged } from "./sqlite.ts";
import type { Store } from "./store.ts";

/** Values kept in memory; the hot ones are the members' keys, nonces and sources. */
const CACHED_VALUES_MAX = 50_000;

export interface ProvedStateValue {
  readonly value: Uint8Array | undefined;
  readonly proof: StateProof;
}

/** @throws AnamnesisError `ledger/damaged-store` when value or tree do not fit the root. */
export function provedValue(p: Primitives, store: Store, root: Bytes, key: string): ProvedStateValue {
  const value = store.stateValue(key);
  const proof = proveState(p, new NodeOverlay(store), root, key);
  if (!verifyStateProof(p, root, key, value, proof)) throw damaged("a state value does not fit the state root");
  return { value, proof };
}

export class CurrentState implements StateReader {
  readonly #p: Primitives;
  readonly #store: Store;
  readonly #known = new Map<string, Uint8Array | undefined>();
  #root: Uint8Array;

  constructor(p: Primitives, store: Store, root: Uint8Array) {
    this.#p = p;
    this.#store = store;
    this.#root = root;
  }

  get root(): Uint8Array {
    return this.#root;
  }

  get(key: string): Uint8Array | undefined {
    if (this.#known.has(key)) return this.#known.get(key);
    const { value } = provedValue(this.#p, this.#store, this.#root, key);
    this.#remember(key, value);
    return value;
  }

  /** The root after the changes and the nodes that become others; nothing is kept until `committed`. */
  update(changes: ReadonlyMap<string, Uint8Array | undefined>): {
    readonly root: Uint8Array;
    readonly nodes: NodeOverlay;
  } {
    const nodes = new NodeOverlay(this.#store);
    return { root: updateState(this.#p, nodes, this.#root, changes), nodes };
  }

  committed(root: Uint8Array, changes: ReadonlyMap<string, Uint8Array | undefined>): void {
    this.#root = root;
    for (const [key, value] of changes) this.#remember(key, value);
  }

  #remember(key: string, value: Uint8Array | undefined): void {
    if (this.#known.size >= CACHED_VALUES_MAX) this.#known.clear();
    this.#known.set(key, value);
  }
}

/** Writes to the state tree, held back until the block is written. */
export class NodeOverlay implements StateNodeStore {
  readonly #below: Pick<Store, "node"> | undefined;
  readonly #changes = new Map<string, readonly [path: Uint8Array, node: Uint8Array | undefined]>();

  /** @param below where unchanged nodes are; none for a new tree. */
  constructor(below: Pick<Store, "node"> | undefined) {
    this.#below = below;
  }

  get(path: Uint8Array): Uint8Array | undefined {
    const changed = this.#changes.get(toHex(path));
    return changed === undefined ? this.#below?.node(path) : changed[1];
  }

  put(path: Uint8Array, node: Uint8Array): void {
    this.#changes.set(toHex(path), [path, node]);
  }

  delete(path: Uint8Array): void {
    this.#changes.set(toHex(path), [path, undefined]);
  }

  [Symbol.iterator](): Iterator<readonly [Uint8Array, Uint8Array | undefined]> {
    return this.#changes.values();
  }
}
