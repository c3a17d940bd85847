/** The rows beside the log against what the log says: receipts and blocks as they pass, the state at the end. */
import { equal } from "@anamnesis/core";
import type { Receipt } from "./engine.ts";
import { knownError } from "./errors.ts";
import { type FoundBlock, type Replay, receiptOf } from "./verify-block.ts";
import type { Problems, StoredBlock, StoredTables } from "./verify-report.ts";

const DAMAGED = "ledger/damaged-store";

export class TableCheck {
  readonly #tables: StoredTables;
  readonly #problems: Problems;
  readonly #receipts: Iterator<Receipt>;
  readonly #blocks: Iterator<StoredBlock>;
  /** One finding per table: behind the first difference the rows no longer line up. */
  readonly #broken = new Set<string>();

  constructor(tables: StoredTables, problems: Problems) {
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
      this.#compare("receipts", `leaf ${command.index}`, () =>
        sameReceipt(next(this.#receipts), receiptOf(block, command)),
      );
    }
  }

  /** @param replay the state as it must be; without one the state is not compared. */
  end(replay: Replay | undefined): void {
    this.#compare("blocks", "the end", () => next(this.#blocks) === undefined);
    this.#compare("receipts", "the end", () => next(this.#receipts) === undefined);
    if (replay !== undefined) {
      this.#compare("state", "a value", () =>
        sameRows(this.#tables.state(), replay.state.size, (key) => replay.state.get(key)),
      );
      const { nodes } = replay;
      this.#compare("nodes", "a node", () => sameRows(this.#tables.nodes(), nodes.size, (path) => nodes.get(path)));
    }
    try {
      for (const line of this.#tables.integrity()) this.#problems.add(DAMAGED, line, "the store's file");
    } catch (error) {
      this.#report(error, "the store's file");
    }
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
