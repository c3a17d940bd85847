import { type Position, START } from "@anamnesis/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Interlude, type InterludeSealer, interludePlace } from "../src/interlude.ts";
import { doubleCapture, table } from "./capture-double.ts";

/** Reads that are told once each, in order, and told again when a session begins and they are not final. */
class Reads implements Interlude {
  readonly begun: Position[] = [];
  readonly finals: Position[] = [];
  readonly places: string[] = [];
  left: number;
  readonly #perCall: number;

  constructor(count: number, perCall = 2) {
    this.left = count;
    this.#perCall = perCall;
  }

  begin(known: Position): void {
    this.begun.push(known);
  }

  due(): boolean {
    return this.left > 0;
  }

  emit(sealer: InterludeSealer): void {
    for (let i = 0; i < this.#perCall && this.left > 0; i++, this.left--) {
      sealer.read(table, i % 2 === 0 ? ["1"] : null, { time: 5, actor: "Dr Who", purpose: "TREAT" });
      this.places.push(`${sealer.position.lsn}/${sealer.position.ordinal}`);
    }
  }

  final(known: Position): void {
    this.finals.push(known);
  }
}

const places = (events: readonly { kind: string; lsn: bigint; ordinal: number }[]) =>
  events.map((e) => `${e.kind} ${e.lsn}/${e.ordinal}`);

describe("the place of an interlude", () => {
  it("lies behind what was reached and before the next possible commit", () => {
    const position = fc.record({ lsn: fc.bigInt({ min: 0n, max: 2n ** 60n }), ordinal: fc.nat() });
    fc.assert(
      fc.property(position, (reached) => {
        const { lsn, ordinal } = interludePlace(reached);
        expect(lsn > reached.lsn || (lsn === reached.lsn && ordinal === reached.ordinal)).toBe(true);
        expect(lsn % 8n).not.toBe(0n);
        expect(lsn).toBeLessThan((reached.lsn / 8n + 1n) * 8n);
      }),
    );
  });
});

describe("interludes in the stream", () => {
  it("stand between transactions, with ordinals that count on", async () => {
    const { run, engine, source, close } = doubleCapture();
    const reads = new Reads(5);
    source.commit(16n, "1", "2");
    await run({ untilCaughtUp: true, interludes: [reads] });
    reads.left = 1;
    await run({ untilCaughtUp: true, interludes: [reads] });
    source.commit(24n, "3");
    reads.left = 1;
    await run({ untilCaughtUp: true, interludes: [reads] });
    expect(places(engine.events).filter((e) => !e.startsWith("schema"))).toEqual([
      ...["create 16/1", "create 16/2"],
      ...["read 18/1", "read 18/2", "read 18/3", "read 18/4", "read 18/5", "read 18/6"],
      ...["create 24/1", "read 26/1"],
    ]);
    expect(reads.begun).toEqual([START, { lsn: 18n, ordinal: 5 }, { lsn: 18n, ordinal: 6 }]);
    expect(reads.finals.at(-1)).toEqual({ lsn: 26n, ordinal: 1 });
    close();
  });

  it("belong to no transaction, and their names go no further than the index", async () => {
    const { run, engine, source, index, close } = doubleCapture();
    source.commit(16n, "1");
    await run({ untilCaughtUp: true, interludes: [new Reads(2)] });
    const reads = engine.events.filter((e) => e.kind === "read");
    expect(reads.map((e) => [e.xid, e.time, e.purpose, e.row === null])).toEqual([
      [0n, 5, "TREAT", false],
      [0n, 5, "TREAT", true],
    ]);
    expect(index.actorName(reads[0]?.actor ?? new Uint8Array(16))).toBe("Dr Who");
    close();
  });

  it("do not pass for commits when the source delivers again", async () => {
    const { run, engine, source, close } = doubleCapture();
    source.commit(16n, "1");
    await run({ untilCaughtUp: true, interludes: [new Reads(3)] });
    source.acknowledged = 8n;
    source.commit(24n, "2");
    const { declared } = await run({ untilCaughtUp: true, interludes: [new Reads(1)] });
    expect(declared).toEqual([]);
    expect(places(engine.events).slice(-2)).toEqual(["create 24/1", "read 26/1"]);
    close();
  });

  it("stop while the way to the ledger is full, and lose nothing", async () => {
    const { run, engine, source, close } = doubleCapture();
    source.commit(16n, "1");
    const reads = new Reads(100_000, 1_000);
    engine.hold = true;
    const running = run({ untilCaughtUp: true, interludes: [reads] });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const waiting = reads.left;
    engine.hold = false;
    await running;
    expect(waiting).toBeGreaterThan(40_000);
    expect(engine.events.filter((e) => e.kind === "read")).toHaveLength(100_000);
    close();
  });

  it("end the session when they fail", async () => {
    const { run, source, close } = doubleCapture();
    source.commit(16n, "1");
    const broken: Interlude = {
      due: () => true,
      emit: () => {
        throw new Error("the log of reads is gone");
      },
    };
    await expect(run({ untilCaughtUp: true, interludes: [broken] })).rejects.toThrow("the log of reads is gone");
    close();
  });
});
