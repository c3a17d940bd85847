/** Which groups went by, how far they are acknowledged, and whether the server's log is still the one that we left. */
import { LostSignal } from "./decoder.ts";
import { type BinlogEvent, type GroupStart, parseEvent } from "./events.ts";
import { GroupDigest } from "./group-digest.ts";
import { endPosition, type Gtid, sequenceBefore } from "./gtid.ts";
import type { PositionMemory, Remembered } from "./memory.ts";

/** How often the note is made durable: what lies between is delivered again and recognised. */
const SAVE_MS = 1_000;

interface Passed {
  readonly gtid: Gtid;
  readonly digest: string;
}

export class Marks {
  readonly #memory: PositionMemory;
  readonly #beforeSave: () => void;
  #noted: Remembered;
  #newest: Gtid | undefined;
  #expected: Passed | undefined;
  #checked: GroupStart | undefined;
  readonly #digest = new GroupDigest();
  /** Groups that went by and are not acknowledged, oldest first; the first is the one before them. */
  #groups: Passed[] = [];
  #held: bigint | undefined;
  #saved = Number.NEGATIVE_INFINITY;
  #dirty = false;

  /** `beforeSave`: makes durable what must not lie behind the note. */
  constructor(memory: PositionMemory, remembered: Remembered, beforeSave: () => void) {
    this.#memory = memory;
    this.#beforeSave = beforeSave;
    this.#noted = remembered;
    this.#newest = remembered.at;
    if (remembered.at === undefined || remembered.check === undefined) return;
    this.#expected = { gtid: remembered.at, digest: remembered.check.digest };
  }

  /** Where the server is asked to begin: one group before our place where that one can be recognised. */
  get start(): Gtid | undefined {
    return this.#expected === undefined ? this.#noted.at : this.#noted.check?.before;
  }

  get checking(): boolean {
    return this.#expected !== undefined;
  }

  /** The position after the newest group that went by. */
  get passed(): bigint {
    return endPosition(this.#newest?.sequence ?? 0n);
  }

  /** The first group must be the one that we know: same number, same rows. @throws LostSignal */
  check(buffer: Buffer, at: number, end: number): true {
    const event = parseEvent(buffer, at, end);
    const expected = this.#expected;
    if (expected === undefined) return true;
    if (event.kind === "group") {
      if (event.group.sequence !== expected.gtid.sequence || event.group.server !== expected.gtid.server) throw other();
      this.#checked = event.group;
      this.#digest.begin(event.group);
      return true;
    }
    if (this.#checked === undefined) return true;
    this.#digest.add(event, buffer, at, end);
    if (!endsGroup(this.#checked, event)) return true;
    if (this.#digest.end() !== expected.digest) throw other();
    this.#expected = undefined;
    return true;
  }

  /** A group went by. `held`: the oldest prepared one, which must come again after a restart. */
  group({ domain, server, sequence }: GroupStart, digest: string, held: bigint | undefined): void {
    this.#newest = { domain, server, sequence };
    this.#held = held;
    this.#groups.push({ gtid: this.#newest, digest });
  }

  acknowledge(position: bigint): void {
    const final = sequenceBefore(position);
    const upTo = this.#held !== undefined && this.#held <= final ? this.#held - 1n : final;
    let count = 0;
    while (count < this.#groups.length && (this.#groups[count]?.gtid.sequence ?? 0n) <= upTo) count++;
    const passed = this.#groups[count - 1];
    if (passed === undefined) return;
    const before = this.#groups[count - 2]?.gtid ?? this.#noted.at;
    this.#groups = this.#groups.slice(count);
    const check = before === undefined ? undefined : { before, digest: passed.digest };
    this.#noted = { ...this.#noted, at: passed.gtid, check };
    this.#dirty = true;
    if (performance.now() - this.#saved >= SAVE_MS) this.save();
  }

  save(): void {
    if (!this.#dirty) return;
    this.#beforeSave();
    this.#dirty = false;
    this.#saved = performance.now();
    this.#memory.write(this.#noted);
  }

  lose(): void {
    this.#memory.write({ ...this.#noted, lost: true });
  }
}

const other = () => new LostSignal("the server's log holds another commit in the place of the last one");

const endsGroup = (group: GroupStart, event: BinlogEvent): boolean =>
  event.kind === "commit" ||
  event.kind === "prepared" ||
  (event.kind === "query" && (group.standalone || /^\s*(?:COMMIT|ROLLBACK)\b(?!\s+TO)/i.test(event.sql)));
