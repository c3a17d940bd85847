/** What is kept on our side because MariaDB keeps no place for us: the note of the place, and who refers to whom. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Children } from "../src/mariadb/children.ts";
import type { GroupStart } from "../src/mariadb/events.ts";
import { commitPosition, endPosition } from "../src/mariadb/gtid.ts";
import { Marks } from "../src/mariadb/marks.ts";
import { fileMemory, type PositionMemory, type Remembered } from "../src/mariadb/memory.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-notes-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (sequence: bigint) => ({ domain: 0, server: 1, sequence });
const group = (sequence: bigint): GroupStart => ({
  ...{ sequence, domain: 0, server: 1, seconds: 5, xa: undefined },
  ...{ standalone: false, prepared: false, decided: false },
});
const NOTE: Remembered = { at: at(10n), check: undefined, tables: new Map([["h.t", 3n]]), lost: false };

describe("the note of the place in the log", () => {
  it("is read as it was written, and gone when it was taken back", () => {
    const memory = fileMemory(join(dir, "place"));
    expect(memory.read()).toBeUndefined();
    const note = { ...NOTE, check: { before: at(9n), digest: "ab" } };
    memory.write(note);
    expect(memory.read()).toEqual(note);
    memory.write(undefined);
    expect(memory.read()).toBeUndefined();
  });

  it.each(["", "{", "{}", '{"version":1}', '{"version":2,"at":"","tables":{},"lost":false}'])(
    "is refused as %j",
    (text) => {
      writeFileSync(join(dir, "place"), text);
      expect(() => fileMemory(join(dir, "place")).read()).toThrow(
        expect.objectContaining({ code: "capture/damaged-store" }),
      );
    },
  );
});

describe("marks of what went by", () => {
  const kept = (): { memory: PositionMemory; now: () => Remembered | undefined } => {
    let note: Remembered | undefined = NOTE;
    return { memory: { read: () => note, write: (next) => void (note = next) }, now: () => note };
  };

  it("move only to the end of a group that is acknowledged, with what recognises it", () => {
    const { memory, now } = kept();
    const marks = new Marks(memory, NOTE, () => undefined);
    for (const n of [11n, 12n, 13n]) marks.group(group(n), `digest ${n}`, undefined);
    marks.acknowledge(commitPosition(12n));
    marks.save();
    expect(now()?.at).toEqual(at(11n));
    marks.acknowledge(endPosition(12n));
    marks.save();
    expect(now()).toMatchObject({ at: at(12n), check: { before: at(11n), digest: "digest 12" } });
    marks.acknowledge(endPosition(5n));
    marks.save();
    expect(now()?.at).toEqual(at(12n));
  });

  it("stay before a transaction that is prepared and not decided", () => {
    const { memory, now } = kept();
    const marks = new Marks(memory, NOTE, () => undefined);
    marks.group(group(11n), "a", undefined);
    marks.group(group(12n), "b", 12n);
    marks.group(group(13n), "c", 12n);
    marks.acknowledge(endPosition(13n));
    marks.save();
    expect(now()?.at).toEqual(at(11n));
    marks.group(group(14n), "d", undefined);
    marks.acknowledge(endPosition(14n));
    marks.save();
    expect(now()?.at).toEqual(at(14n));
  });

  it("make durable first what must not lie behind them", () => {
    const { memory, now } = kept();
    const order: unknown[] = [];
    const marks = new Marks(memory, NOTE, () => void order.push(now()?.at));
    marks.group(group(11n), "a", undefined);
    marks.acknowledge(endPosition(11n));
    expect(order).toEqual([at(10n)]);
    expect(now()?.at).toEqual(at(11n));
  });
});

describe("who refers to whom", () => {
  const bytes = (text: string) => Buffer.from(text);
  const texts = (keys: readonly Uint8Array[]) => keys.map((k) => Buffer.from(k).toString());

  it("is the same again after going back to an earlier place", () => {
    const children = new Children(join(dir, "children.db"), native);
    const one = children.reference([bytes("1")]) ?? new Uint8Array();
    const two = children.reference([bytes("2")]) ?? new Uint8Array();
    children.feed("fk", one, bytes("a"));
    children.add("fk", one, bytes("b"), 5n);
    children.remove("fk", one, bytes("a"), 6n);
    children.add("fk", two, bytes("a"), 6n);
    children.add("fk", one, bytes("c"), 7n);
    expect(texts(children.of("fk", one))).toEqual(["b", "c"]);
    children.rewind(5n);
    expect(texts(children.of("fk", one))).toEqual(["a", "b"]);
    expect(children.of("fk", two)).toEqual([]);
    children.close();
    const again = new Children(join(dir, "children.db"), native);
    expect(texts(again.of("fk", one))).toEqual(["a", "b"]);
    again.close();
  });

  it("knows nobody who refers to nothing", () => {
    const children = new Children(":memory:", native);
    expect(children.reference([bytes("1"), null])).toBeUndefined();
    expect(children.reference([undefined])).toBeUndefined();
    expect(children.reference([bytes("1"), bytes("2")])).not.toEqual(children.reference([bytes("12")]));
    children.close();
  });
});
