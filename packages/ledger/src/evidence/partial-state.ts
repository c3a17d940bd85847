/**
 * As much of a state as executing one block touches. The recorder notes it where the whole state is at hand; the partial
 * state gives it back where only the root is known, and every node and value in it is checked against that root.
 */
import { type Bytes, equal, toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { StateReader } from "../contract.ts";
import { knownError } from "../errors.ts";
import {
  bitAt,
  DEPTH_MAX,
  isEmptyState,
  readStateNode,
  type StateNode,
  stateKeyHash,
  statePath,
} from "../state-node.ts";
import { proveState, type StateNodeStore } from "../state-tree.ts";
import { MemoryNodes } from "../verify-block.ts";
import { acquitted } from "./ground.ts";

/** Nodes of the state tree (65 bytes each) and values, in no particular order. */
export interface StateWitness {
  readonly nodes: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
}

/** Reads through to a whole state and notes what was read; what is written stays here. */
export class StateRecorder {
  readonly #p: Primitives;
  readonly #whole: WholeState;
  readonly #written = new Map<string, Uint8Array | undefined>();
  readonly #seen = new Map<string, Uint8Array>();
  readonly #values = new Map<string, Uint8Array>();
  readonly state: StateReader = { get: (key) => this.#value(key) };
  readonly nodes: StateNodeStore = {
    get: (path) => this.#node(path),
    put: (path, node) => void this.#written.set(toHex(path), node),
    delete: (path) => void this.#written.set(toHex(path), undefined),
  };

  constructor(p: Primitives, whole: WholeState) {
    this.#p = p;
    this.#whole = whole;
  }

  get witness(): StateWitness {
    return { nodes: [...this.#seen.values()], values: [...this.#values.values()] };
  }

  #value(key: string): Uint8Array | undefined {
    const { state, root } = this.#whole;
    // The way to the value is part of what the reader needs, also where it ends in nothing.
    proveState(this.#p, { ...this.nodes, get: (path) => this.#original(path) }, root, key);
    const value = state.get(key);
    if (value !== undefined) this.#values.set(key, value.slice());
    return value;
  }

  #node(path: Uint8Array): Uint8Array | undefined {
    const at = toHex(path);
    return this.#written.has(at) ? this.#written.get(at) : this.#original(path);
  }

  #original(path: Uint8Array): Uint8Array | undefined {
    const node = this.#whole.nodes.get(path);
    if (node !== undefined) this.#seen.set(toHex(path), node.slice());
    return node;
  }
}

/** A state as its owner has it. */
export interface WholeState {
  readonly state: StateReader;
  readonly nodes: Pick<StateNodeStore, "get">;
  /** At which both stand. */
  readonly root: Uint8Array;
}

/** A state of which only a part is there. Asking for more throws `ledger/bad-evidence`: then nothing can be said. */
export class PartialState implements StateReader {
  readonly #p: Primitives;
  readonly #root: Uint8Array;
  readonly #original = new MemoryNodes();
  readonly #values: ReadonlyMap<string, Uint8Array>;
  #incomplete = false;
  /** Nodes for `updateState`, which writes into them. */
  readonly nodes = new MemoryNodes();

  constructor(p: Primitives, root: Uint8Array, { nodes, values }: StateWitness) {
    this.#p = p;
    this.#root = root;
    const byHash = new Map(nodes.map((node) => [toHex(p.sha256(node)), node]));
    this.#values = new Map(values.map((value) => [toHex(p.sha256(value)), value]));
    this.#place(byHash, root, new Uint8Array(32), 0);
  }

  /** Whether a read met something that is not there: then no verdict holds, even if a contract took the error for a refusal. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  get(key: string): Uint8Array | undefined {
    try {
      return this.#value(key);
    } catch (error) {
      this.#incomplete = true;
      throw error;
    }
  }

  #value(key: string): Uint8Array | undefined {
    const leaf = this.#leaf(stateKeyHash(this.#p, key));
    if (leaf?.kind !== "leaf") return undefined;
    const value = this.#values.get(toHex(leaf.valueHash));
    if (value === undefined) throw acquitted("it leaves out a value of the state that the block reads");
    return value;
  }

  /** The leaf of this very key, or undefined where the tree shows that there is none. */
  #leaf(keyHash: Uint8Array): StateNode | undefined {
    let hash = this.#root;
    for (let depth = 0; ; depth++) {
      const node = whole(() => readStateNode(this.#p, this.#original, statePath(keyHash, depth), hash));
      if (node === undefined) return undefined;
      if (node.kind === "leaf") return equal(node.keyHash, keyHash) ? node : undefined;
      hash = bitAt(keyHash, depth) === 1 ? node.right : node.left;
    }
  }

  /** Puts each node where its parent names it: nodes that nobody names go nowhere. */
  #place(byHash: Map<string, Uint8Array>, hash: Bytes, way: Uint8Array, depth: number): void {
    const node = isEmptyState(hash) ? undefined : byHash.get(toHex(hash));
    if (node === undefined || depth > DEPTH_MAX) return;
    // A node of a real tree stands in one place; one that stood in many would keep us busy for ever.
    byHash.delete(toHex(hash));
    const path = statePath(way, depth);
    this.#original.put(path, node);
    this.nodes.put(path, node);
    if (node[0] === 0) return;
    const right = way.slice();
    right[depth >> 3] = (right[depth >> 3] ?? 0) | (0x80 >> (depth & 7));
    this.#place(byHash, node.subarray(1, 33), way, depth + 1);
    this.#place(byHash, node.subarray(33), right, depth + 1);
  }
}

/** Runs what reads the tree; a node that is not there means that the evidence is not whole. */
export function whole<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (knownError(error)?.code !== "ledger/damaged-store") throw error;
    throw acquitted("it leaves out a part of the state that the block touches");
  }
}
