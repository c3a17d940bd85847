/**
 * The auditor: an independent reading of everything the ledger says. It shares no code with the packages; it reads the
 * log's leaves, checks them by its own rules and its own trees, and remembers what was ever promised to anybody.
 */
import { hex, type Leaf, openNote, readLeaf } from "./formats.ts";
import type { Model, Seen } from "./model.ts";
import { hashOfLeaf, PlainLog, stateRoot } from "./trees.ts";

/** What the ledger shows of itself, as plain data. */
export interface Face {
  readonly note: string;
  /** Leaves from an index to the end of the checkpoint. */
  leaves(from: number): Promise<readonly Uint8Array[]>;
}

/** A receipt that somebody got. */
export interface Promised {
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly sequence: number;
  readonly time: number;
}

/** A submitted transaction and the codes of all rules that it broke at some moment since. */
export interface Watched {
  readonly seen: Seen;
  readonly codes: Set<string>;
}

export class AuditFailure extends Error {}

export class Auditor {
  readonly model: Model;
  readonly #logKey: Uint8Array;
  readonly #log = new PlainLog();
  /** Where each accepted transaction stands, as the log itself says. */
  readonly #placed = new Map<string, Promised>();
  readonly #promised = new Map<string, Promised>();
  /** Key id of the first signature of each accepted transaction. */
  readonly #signedBy = new Map<string, string>();
  /** Who was given a receipt, by transaction. */
  readonly #answered = new Map<string, string>();
  /** Roots that a signed checkpoint ever named, by size. */
  readonly #shown = new Map<number, string>();
  /** How often each kind was accepted and each code refused. */
  readonly tally = new Map<string, number>();
  #watched: Watched[] = [];
  #sequence = -1n;
  #time = 0n;
  #stateRoot: Uint8Array = new Uint8Array(32);

  constructor(model: Model, logKey: Uint8Array) {
    this.model = model;
    this.#logKey = logKey;
  }

  get size(): number {
    return this.#log.size;
  }

  get time(): bigint {
    return this.#time;
  }

  isFinal(id: string): boolean {
    return this.#placed.has(id);
  }

  /** Whose first signature is `signer` was given this receipt: from now on it must stand, and under that signature. */
  promise(receipt: Promised, signer?: string): void {
    if (signer !== undefined) this.#answered.set(receipt.id, signer);
    const before = this.#promised.get(receipt.id);
    require(before === undefined || same(before, receipt), `two different receipts for ${receipt.id.slice(0, 12)}`);
    this.#promised.set(receipt.id, receipt);
  }

  /** A checkpoint that anybody was shown, of any age: all must be of one history. */
  shown(note: string): { readonly size: number; readonly root: string } {
    const { size, root } = fits("the checkpoint", () => openNote(note, this.#logKey));
    const known = this.#shown.get(size) ?? hex(root);
    require(known === hex(root), `two checkpoints of ${size} leaves contradict each other: a fork`);
    this.#shown.set(size, known);
    return { size, root: known };
  }

  /** Reads on from where it stands. `newest`: the latest time that any clock has shown. */
  async follow(face: Face, newest: number): Promise<void> {
    const { size, root } = this.shown(face.note);
    require(size >= this.#log.size, `the log went back from ${this.#log.size} to ${size} leaves`);
    const leaves = await face.leaves(this.#log.size);
    let block: { readonly leaf: Leaf; readonly bytes: Uint8Array }[] = [];
    for (const bytes of leaves) {
      block.push({ leaf: fits("a leaf", () => readLeaf(bytes)), bytes });
      if (block.at(-1)?.leaf.type !== "block") continue;
      this.#block(block, BigInt(newest));
      block = [];
    }
    require(block.length === 0, "the log does not end with a block leaf");
    require(hex(this.#log.root()) === root, "the checkpoint's root is not that of the leaves");
    for (const promised of this.#promised.values()) {
      const placed = this.#placed.get(promised.id);
      require(placed !== undefined, `an acknowledged transaction is lost: ${promised.id.slice(0, 12)}`);
      const signer = this.#answered.get(promised.id);
      require(signer === undefined ||
        signer === this.#signedBy.get(promised.id), "a receipt for what another key signed");
      require(same(placed, promised), `a receipt does not say where ${promised.id.slice(0, 12)} stands`);
    }
  }

  /** All leaves again, as after a restart: the same as ever. */
  async again(face: Face): Promise<void> {
    const leaves = await face.leaves(0);
    const fine = leaves.every((leaf, i) => i >= this.size || hex(hashOfLeaf(leaf)) === hex(this.#log.leaf(i) ?? leaf));
    require(fine && leaves.length >= this.size, "leaves that were final are others now");
  }

  /** A follower's state of knowledge: a prefix of this very log. */
  prefix(who: string, size: number, root: Uint8Array): void {
    require(size <= this.size, `${who} has ${size} leaves, more than the log's ${this.size}`);
    require(hex(this.#log.root(size)) === hex(root), `${who} has another root at ${size} leaves`);
  }

  /** The state as it lies in the store: what the model foretells, no more, and under the root of the last block. */
  state(table: ReadonlyMap<string, Uint8Array>): void {
    require(hex(stateRoot(table)) === hex(this.#stateRoot), "the stored state is not under the last block's root");
    for (const [key, value] of this.model.state) {
      const stored = table.get(key);
      require(stored !== undefined && hex(stored) === hex(value), `the state of ${key} is not what the rules give`);
    }
    for (const key of table.keys()) require(!this.model.isMissing(key), `the state holds ${key}, which no rule gives`);
  }

  /** Follows what rules a transaction breaks while others are ordered around it; `now`: the clock, ms. */
  watch(seen: Seen, now: bigint): Watched {
    const watched = { seen, codes: new Set(this.model.broken(seen, now > this.#time ? now : this.#time)) };
    this.#watched.push(watched);
    return watched;
  }

  unwatch(): void {
    this.#watched = [];
  }

  /** Whether a refusal was right: the code must be that of a rule which the transaction really broke at some moment. */
  refused({ seen, codes }: Watched, code: string): void {
    this.#count(code);
    const { id } = seen.command;
    require(codes.has(code), `refused as ${code}, but that rule was kept`);
    require(!this.#placed.has(id), "a transaction was refused and is final all the same");
  }

  #block(block: readonly { readonly leaf: Leaf; readonly bytes: Uint8Array }[], newest: bigint): void {
    const closing = block.at(-1)?.leaf;
    if (closing?.type !== "block") throw new AuditFailure("a block without its leaf");
    require(closing.sequence === this.#sequence + 1n, "the blocks do not count on");
    require(closing.time >= this.#time, "agreed time ran backwards");
    require(closing.time <= newest, "agreed time lies ahead of every clock");
    const founding = closing.sequence === 0n;
    require(founding || block.length > 1, "an empty block stands on the log");
    let at = 0;
    while (at < block.length - 1) at += founding ? 1 : this.#transaction(block, at, closing);
    for (const { bytes } of block) this.#log.append(hashOfLeaf(bytes));
    this.#sequence = closing.sequence;
    this.#time = closing.time;
    this.#stateRoot = closing.stateRoot;
  }

  #count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  /** Checks and applies the transaction that starts at `at`; gives how many leaves it has. */
  #transaction(
    block: readonly { readonly leaf: Leaf; readonly bytes: Uint8Array }[],
    at: number,
    closing: { readonly sequence: bigint; readonly time: bigint },
  ): number {
    const leaf = block[at]?.leaf;
    if (leaf?.type !== "command") throw new AuditFailure("a leaf stands where a command must");
    const { command } = leaf;
    const follow = fits("a command", () => this.model.rulesOf(command.kind)?.leaves(command) ?? 0);
    const attached = block.slice(at + 1, at + 1 + follow);
    require(attached.every((each) => each.leaf.type === "event"), "a command lacks some of its leaves");
    require(!this.#placed.has(command.id), "a transaction stands twice on the log");
    const seen = { command, attachments: attached.map((each) => each.bytes) };
    const broken = [...this.model.broken(seen, closing.time)];
    require(broken.length === 0, `a transaction was accepted although it breaks ${broken.join(", ")}`);
    this.model.apply(seen, closing);
    this.#count(command.kind);
    for (const each of this.#watched) {
      for (const code of this.model.broken(each.seen, closing.time)) each.codes.add(code);
    }
    const place = { index: this.#log.size + at, count: 1 + follow };
    const { id } = command;
    this.#signedBy.set(id, command.signatures[0]?.keyId ?? "");
    this.#placed.set(id, { id, ...place, sequence: Number(closing.sequence), time: Number(closing.time) });
    return 1 + follow;
  }
}

const same = (a: Promised, b: Promised): boolean =>
  a.index === b.index && a.count === b.count && a.sequence === b.sequence && a.time === b.time;

export function require(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new AuditFailure(otherwise);
}

function fits<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new AuditFailure(`${what} does not follow the format: ${error.message}`);
    }
    throw error;
  }
}
