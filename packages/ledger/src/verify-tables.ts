/** The rows beside the log against what the log says: receipts and blocks as they pass, the state at the end. */
import { type Bytes, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Receipt } from "./engine.ts";
import { knownError } from "./errors.ts";
import { EMPTY_STATE, updateState } from "./state-tree.ts";
import { type FoundBlock, MemoryNodes, type Replay, receiptOf } from "./verify-block.ts";
import type { Problems, StoredBlock, StoredTables } from "./verify-report.ts";

const DAMAGED = "ledger/damaged-store";

export class TableCheck {
  readonly #tables: StoredTables;
  readonly #problems: Problems;
  readonly #receipts: Iterator<Receipt>;
  readonly #blocks: Iterator<StoredBlock>;
  readonly #p: Primitives;
  /** One finding per table: behind the first difference the rows no longer line up. */
  readonly #broken = new Set<string>();
  /** A receipt that was read while passing over those before it. */
  #ahead: Receipt | undefined;

  constructor(p: Primitives, tables: StoredTables, problems: Problems) {
    this.#p = p;
    this.#tables = tables;
    this.#problems = problems;
    this.#receipts = tables.receipts()[Symbol.iterator]();
    this.#blocks = tables.blocks()[Symbol.iterator]();
  }

  block(block: FoundBlock): void {
    const size = block.first + block.leaves.length;
    this.#compare("blocks", `block ${block.sequence}`, () => {
      const row = next(this.#blocks);
      return (
        row?.sequence === block.sequence && row.time === block.time && row.first === block.first && row.size === size
      );
    });
    for (const command of block.commands) {
      this.#compare("receipts", `leaf ${command.index}`, () => sameReceipt(this.#receipt(), receiptOf(block, command)));
    }
  }

  /** Passes over what lies before block `sequence`, which begins at leaf `first`: its leaves are not there to compare it with. */
  skip(sequence: number, first: number): void {
    this.#compare("blocks", `the blocks before ${sequence}`, () => {
      let before: StoredBlock = { sequence: -1, time: 0, first: 0, size: 0 };
      while (before.sequence + 1 < sequence) {
        const row = next(this.#blocks);
        if (row === undefined || !follows(row, before)) return false;
        before = row;
      }
      return before.size === first;
    });
    this.#compare("receipts", `the receipts before leaf ${first}`, () => {
      let row = next(this.#receipts);
      while (row !== undefined && row.index < first) row = next(this.#receipts);
      this.#ahead = row;
      return true;
    });
  }

  /** @param replay the state as it must be */
  state({ state, nodes }: Pick<Replay, "state" | "nodes">): void {
    this.#compare("state", "a value", () => sameRows(this.#tables.state(), state.size, (key) => state.get(key)));
    this.#compare("nodes", "a node", () => sameRows(this.#tables.nodes(), nodes.size, (path) => nodes.get(path)));
  }

  /** Where nothing can be executed: the whole state as it is here must give the newest block's root. Held in memory. */
  stateUnder(root: Bytes): void {
    const nodes = new MemoryNodes();
    const state = new Map<string, Uint8Array>();
    this.#compare("state", "all values together", () => {
      for (const [key, value] of this.#tables.state()) state.set(key, value);
      return equal(updateState(this.#p, nodes, EMPTY_STATE, state), root);
    });
    if (!this.#broken.has("state")) this.state({ state, nodes });
  }

  end(): void {
    this.#compare("blocks", "the end", () => next(this.#blocks) === undefined);
    this.#compare("receipts", "the end", () => this.#receipt() === undefined);
    try {
      for (const line of this.#tables.integrity()) this.#problems.add(DAMAGED, line, "the store's file");
    } catch (error) {
      this.#report(error, "the store's file");
    }
  }

  #receipt(): Receipt | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? next(this.#receipts);
  }

  #compare(table: string, what: string, fits: () => boolean): void {
    if (this.#broken.has(table)) return;
    try {
      if (fits()) return;
      this.#problems.add(DAMAGED, `the table does not say what the log says (${what})`, `table ${table}`);
    } catch (error) {
      this.#report(error, `table ${table}`);
    }
    this.#broken.add(table);
  }

  #report(error: unknown, where: string): void {
    const known = knownError(error);
    if (known === undefined) throw error;
    this.#problems.add(known.code, known.message, where);
  }
}

const follows = (row: StoredBlock, before: StoredBlock): boolean =>
  row.sequence === before.sequence + 1 && row.first === before.size && row.size > row.first && row.time >= before.time;

function next<T>(rows: Iterator<T, unknown>): T | undefined {
  const result = rows.next();
  return result.done === true ? undefined : result.value;
}

function sameReceipt(row: Receipt | undefined, expected: Receipt): boolean {
  return (
    row !== undefined &&
    equal(row.id, expected.id) &&
    row.index === expected.index &&
    row.count === expected.count &&
    row.sequence === expected.sequence &&
    row.time === expected.time
  );
}

/** As many rows as expected, each with the expected bytes (keys are unique in the store). */
function sameRows<K>(
  rows: Iterable<readonly [K, Uint8Array]>,
  count: number,
  expected: (key: K) => Uint8Array | undefined,
): boolean {
  let seen = 0;
  for (const [key, bytes] of rows) {
    const wanted = expected(key);
    if (wanted === undefined || !equal(wanted, bytes)) return false;
    seen++;
  }
  return seen === count;
}
