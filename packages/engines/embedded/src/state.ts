/** The state behind the newest block. Every value read from disk is proved against the state root before it is used. */
import type { Bytes } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { proveState, type StateProof, type StateReader, updateState, verifyStateProof } from "@anamnesis/ledger";
import { NodeOverlay } from "./node-overlay.ts";
import { RecentValues } from "./recent-values.ts";
import { damaged } from "./sqlite.ts";
import type { Store } from "./store.ts";

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
  /** The hot ones are the members' keys, nonces and sources. */
  readonly #recent = new RecentValues();
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
    const known = this.#recent.get(key);
    if (known !== undefined) return known.value;
    const { value } = provedValue(this.#p, this.#store, this.#root, key);
    this.#recent.set(key, value);
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
    for (const [key, value] of changes) this.#recent.set(key, value);
  }
}
