import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Content, takeCopyMessages } from "../src/postgres/copy-messages.ts";

/** PostgreSQL protocol 3, "Message Formats": a type byte, a length that counts itself, and the rest. */
function message(type: string, body: Uint8Array | string): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5, type);
  head.writeUInt32BE(4 + content.length, 1);
  return Buffer.concat([head, content]);
}

/** Rows end with a line feed, which is not theirs. */
const withoutEnd = (row: Uint8Array) => Buffer.from(row).toString("latin1").replace(/\n$/, "");

/** What rows and what bytes for the driver came out of `bytes`, cut at `cuts`. */
function taken(bytes: Buffer, cuts: readonly number[], content: Content = "rows") {
  const stream = new PassThrough();
  const rows: string[] = [];
  const driver: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => void driver.push(Buffer.from(chunk)));
  const tap = takeCopyMessages(stream, content, ({ bytes: from, places, count }) => {
    for (let i = 0; i < count; i++) {
      rows.push(Buffer.from(from.subarray(places[2 * i], places[2 * i + 1])).toString("latin1"));
    }
  });
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  for (const [i, end] of ends.entries()) stream.emit("data", bytes.subarray(ends[i - 1] ?? 0, end));
  tap.end();
  stream.emit("data", Buffer.from("after"));
  return { rows, driver: Buffer.concat(driver).toString("latin1") };
}

const COPY_OUT = message("H", "\0\0\0");
const END = Buffer.concat([message("c", ""), message("C", "COPY 2\0"), message("Z", "T")]);

describe("messages of a COPY", () => {
  it("give their rows, and the driver all others, wherever the stream is cut", () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 40, max: 12 }).map((row) => ({ row, other: undefined })),
      fc.string({ maxLength: 20 }).map((other) => ({ row: undefined, other })),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (parts, cuts) => {
        const others = parts.flatMap((p) => (p.other === undefined ? [] : [message("N", p.other)]));
        const all = parts.map((p) => (p.row === undefined ? message("N", p.other ?? "") : message("d", p.row)));
        const { rows, driver } = taken(Buffer.concat([COPY_OUT, ...all, END]), cuts);
        const wanted = parts.flatMap((p) => (p.row === undefined ? [] : [withoutEnd(p.row)]));
        expect(rows).toEqual(wanted);
        expect(driver).toBe(`${Buffer.concat([COPY_OUT, ...others, END]).toString("latin1")}after`);
      }),
    );
  });

  it("of a replication stream are given as they are, line feeds too", () => {
    const bytes = Buffer.concat([message("W", "\0\0\0"), message("d", "a row\n"), message("d", "k"), END]);
    for (const cuts of [[], [1], [9, 14], [10, 11, 19]])
      expect(taken(bytes, cuts, "messages").rows).toEqual(["a row\n", "k"]);
  });

  it("give rows longer than any piece of the stream", () => {
    const long = "x".repeat(300_000);
    const bytes = Buffer.concat([COPY_OUT, message("d", long), message("d", "short"), END]);
    const cuts = Array.from({ length: 40 }, (_, i) => i * 7_919);
    expect(taken(bytes, cuts).rows).toEqual([long, "short"]);
  });

  it("are all the driver's where the stream does not begin with one", () => {
    for (const beginning of [
      "\0\0\0\0\0\0\0",
      "ZZZZZZZ",
      message("d", "row").toString("latin1"),
      "S\xff\xff\xff\xff..",
    ]) {
      const bytes = Buffer.concat([Buffer.from(beginning, "latin1"), message("d", "row"), END]);
      for (const cuts of [[], [1], [4, 5, 6], [9]]) {
        expect(taken(bytes, cuts)).toEqual({ rows: [], driver: `${bytes.toString("latin1")}after` });
      }
    }
  });

  it("leave the driver what has not come to its end", () => {
    const begun = message("E", "SERROR").subarray(0, 7);
    expect(taken(Buffer.concat([COPY_OUT, begun]), []).driver).toBe(
      `${Buffer.concat([COPY_OUT, begun]).toString("latin1")}after`,
    );
  });
});
