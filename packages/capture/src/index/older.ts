/** Records that newer events have replaced, filed under the log index of the event that came after. Written many at a time. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { RECORD_BYTES, type RecordView } from "./record.ts";

/** Rows of one statement: half as dear as one by one. */
const TOGETHER = 32;

export class OlderRecords {
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #writeMany: StatementSync;
  #waiting: (number | Uint8Array)[] = [];
  /** Records that wait: memory of its own for each would cost more than to write it. */
  readonly #copies = Array.from({ length: TOGETHER }, () => new Uint8Array(RECORD_BYTES));

  constructor(db: DatabaseSync) {
    this.#read = db.prepare("SELECT record FROM older WHERE successor = ?");
    this.#read.setReturnArrays(true);
    this.#write = db.prepare("INSERT INTO older VALUES (?, ?)");
    this.#writeMany = db.prepare(`INSERT INTO older VALUES ${"(?,?),".repeat(TOGETHER - 1)}(?,?)`);
  }

  /** The caller holds the transaction and calls `flush` at its end. */
  add(successor: number, record: RecordView): void {
    const copy = this.#copies[this.#waiting.length / 2] as Uint8Array;
    record.copyTo(copy);
    this.#waiting.push(successor, copy);
    if (this.#waiting.length < 2 * TOGETHER) return;
    this.#writeMany.run(...this.#waiting);
    this.#waiting = [];
  }

  get(successor: number): Uint8Array | undefined {
    this.flush();
    return (this.#read.get(successor) as unknown as [Uint8Array] | undefined)?.[0];
  }

  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i += 2) this.#write.run(waiting[i] as number, waiting[i + 1] as Uint8Array);
  }

  /** Drops what is not written yet. */
  forget(): void {
    this.#waiting = [];
  }
}
