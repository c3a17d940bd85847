/** Events of MariaDB's binary log: whole ones are read, cut or bent ones are refused, whatever byte it is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Checksum } from "../src/mariadb/checksum.ts";
import { Cursor } from "../src/mariadb/cursor.ts";
import { readDecimal } from "../src/mariadb/decimal.ts";
import { parseEvent } from "../src/mariadb/events.ts";
import { commitPosition, endPosition, formatGtid, parseGtid, sequenceBefore } from "../src/mariadb/gtid.ts";
import { parseTableMap } from "../src/mariadb/table-map.ts";

/** Written by MariaDB 10.11 with binlog_row_metadata = FULL, each with its CRC-32. */
const GROUP = "d5e1006ba2010000002a0000003c08000008000a00000000000000000000000c000000000000e541b469";
const TABLE =
  "d5e1006b13010000005c0000008e0900000000120000000000010008686f73706974616c000174000703fefefe0405100afe10fe10fe04040801017e" +
  "01010002013f041102696401750269360269340166016401620801" +
  "00da837f7b";
const ROWS =
  "d5e1006b17010000007d0000000b0a000000001200000000000100077fc0020000000e550e8400e29b41d4a716446655441000000000000000000000" +
  "ffff010203040000000000ffffffffffffef7f800300000010018f2b3c12347abc8def0123456789ab0004ffffffffcdcccc3d08891e1cfe74aa8100" +
  "019c8ebe69";

const HEADER = 19;
const body = (hex: string): Buffer => Buffer.from(hex, "hex").subarray(0, -4);
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "nothing";
  } catch (error) {
    return String((error as { readonly code?: unknown }).code);
  }
};

describe("events of a binary log", () => {
  it("name the commit: domain, server, sequence, second", () => {
    const event = parseEvent(body(GROUP), 0, body(GROUP).length);
    expect(event).toMatchObject({ kind: "group", group: { sequence: 10n, domain: 0, server: 1, standalone: false } });
  });

  it("describe a table by its columns' names, codes and collations", () => {
    const found = parseTableMap(new Cursor(body(TABLE), HEADER));
    expect(found).toMatchObject({ database: "hospital", table: "t", named: true });
    expect(found.columns.map((c) => [c.name, c.code, c.meta, c.collation])).toEqual([
      ["id", 3, 0, undefined],
      ["u", 254, 16, 63],
      ["i6", 254, 16, 63],
      ["i4", 254, 4, 63],
      ["f", 4, 4, undefined],
      ["d", 5, 8, undefined],
      ["b", 16, 0x0101, undefined],
    ]);
  });

  it("hold rows of a table by its number", () => {
    const event = parseEvent(body(ROWS), 0, body(ROWS).length);
    expect(event).toMatchObject({ kind: "rows", change: "create", body: { tableId: 18, columns: 7, free: false } });
  });

  it("are refused when cut at any byte", () => {
    for (let length = 0; length < HEADER + 13; length++)
      expect(codeOf(() => parseEvent(body(GROUP), 0, length))).toBe("capture/malformed-message");
    const table = body(TABLE);
    for (let length = HEADER; length < table.length; length++) {
      const code = codeOf(() => parseTableMap(new Cursor(table, HEADER, length)));
      // The description may end behind the columns or behind a field of it: then it only says less.
      expect(["capture/malformed-message", "nothing"]).toContain(code);
    }
    expect(codeOf(() => parseTableMap(new Cursor(table, HEADER, table.length - 1)))).toBe("capture/malformed-message");
  });

  it("never do anything but parse or refuse, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.integer({ min: 0, max: 255 }), (bytes, code) => {
        const buffer = Buffer.concat([Buffer.alloc(4), Buffer.of(code), Buffer.alloc(14), Buffer.from(bytes)]);
        const found = codeOf(() => {
          const event = parseEvent(buffer, 0, buffer.length);
          if (event.kind === "table") parseTableMap(event.body);
        });
        expect(["nothing", "capture/malformed-message"]).toContain(found);
      }),
    );
  });

  it("are held against their checksum, where the file has any", () => {
    const format = Buffer.concat([Buffer.alloc(4), Buffer.of(15), Buffer.alloc(20), Buffer.of(1), Buffer.alloc(4)]);
    const checksum = new Checksum();
    const whole = Buffer.from(ROWS, "hex");
    expect(checksum.strip(whole, 0, whole.length)).toBe(whole.length);
    checksum.strip(format, 0, format.length);
    expect(checksum.strip(whole, 0, whole.length)).toBe(whole.length - 4);
    const bent = Buffer.from(whole);
    bent[40] = (bent[40] ?? 0) ^ 1;
    expect(codeOf(() => checksum.strip(bent, 0, bent.length))).toBe("capture/malformed-message");
  });
});

describe("decimal numbers of the log", () => {
  /** The same form, written: nine digits in four bytes, sign bit turned, negative ones inverted. */
  function write(negative: boolean, whole: string, rest: string): Buffer {
    const bytes = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
    const parts: Buffer[] = [];
    const put = (digits: string): void => {
      const size = bytes[digits.length] ?? 0;
      const part = Buffer.alloc(size);
      if (size > 0) part.writeUIntBE(Number(digits), 0, size);
      parts.push(part);
    };
    const first = whole.length % 9;
    if (first > 0) put(whole.slice(0, first));
    for (let i = first; i < whole.length; i += 9) put(whole.slice(i, i + 9));
    for (let i = 0; i + 9 <= rest.length; i += 9) put(rest.slice(i, i + 9));
    if (rest.length % 9 > 0) put(rest.slice(rest.length - (rest.length % 9)));
    const all = Buffer.concat(parts);
    if (negative) for (let i = 0; i < all.length; i++) all[i] = (all[i] ?? 0) ^ 0xff;
    all[0] = (all[0] ?? 0) ^ 0x80;
    return all;
  }

  it("come back digit by digit, for every width", () => {
    const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{0,${max}}$`));
    fc.assert(
      fc.property(fc.boolean(), digits(35), digits(30), (negative, whole, rest) => {
        fc.pre(whole.length + rest.length > 0);
        const text = readDecimal(new Cursor(write(negative, whole, rest)), whole.length + rest.length, rest.length);
        const plain = whole.replace(/^0+(?=\d)/, "") || "0";
        expect(text).toBe(`${negative ? "-" : ""}${plain}${rest === "" ? "" : `.${rest}`}`);
      }),
    );
  });
});

describe("positions in a binary log", () => {
  it("rise with the sequence and leave room between commits", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 49n }), (sequence) => {
        expect(commitPosition(sequence) % 8n).toBe(0n);
        expect(endPosition(sequence)).toBe(commitPosition(sequence + 1n));
        expect(sequenceBefore(endPosition(sequence))).toBe(sequence);
        expect(sequenceBefore(commitPosition(sequence))).toBe(sequence - 1n);
      }),
    );
  });

  it("are read from what the server calls a position, of one domain only", () => {
    expect(parseGtid("")).toBeUndefined();
    expect(formatGtid(parseGtid("3-17-42") ?? { domain: 0, server: 0, sequence: 0n })).toBe("3-17-42");
    expect(codeOf(() => parseGtid("0-1-5,1-1-7"))).toBe("capture/several-domains");
    expect(codeOf(() => parseGtid("0-1"))).toBe("capture/malformed-message");
    expect(codeOf(() => parseGtid(`0-1-${2n ** 60n}`))).toBe("capture/malformed-message");
  });
});
