import { createHmac } from "node:crypto";
import { codeOf, equal, fromHex, toHex, utf8 } from "@anamnesis/core";
import { handles, pairSubjectKey, rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const FILE = new URL("../../../vectors/commitment.json", import.meta.url);
const HANDLE_KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const SUBJECT_KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x40 + i);
const OTHER_KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x20 + i);
const SCHEMA = fromHex("0123456789abcdef");
const ROW_BYTES = utf8("42\tSynthetic\\tvalue\t\\N\t2026-01-02");

/** The specification, written down a second time with other means. */
function model(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): string {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(typeof part === "string" ? Buffer.from(part, "utf8") : part);
  return mac.digest("hex");
}

function u64(value: bigint): Uint8Array {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(value);
  return out;
}

function u32(value: number): Uint8Array {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

const codeThrownBy = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return undefined;
};

describe.each([native, portable])("with $name", (p) => {
  const { table, row, actor } = handles(p, HANDLE_KEY);
  const sealer = rowSealer(p, SUBJECT_KEY);

  it("the known answers stay as they were frozen", async () => {
    const t = table("public.observation");
    const r = row(t, utf8("42"));
    const answers = {
      about: "Handles and one row commitment (spec/encoding.md). Bytes are hexadecimal, text is UTF-8.",
      handleKey: toHex(HANDLE_KEY),
      subjectKey: toHex(SUBJECT_KEY),
      otherSubjectKey: toHex(OTHER_KEY),
      tableName: "public.observation",
      keyBytes: toHex(utf8("42")),
      actorName: "dr.synthetic",
      schema: toHex(SCHEMA),
      lsn: "72623859790382856",
      ordinal: 7,
      rowBytes: toHex(ROW_BYTES),
      table: toHex(t),
      row: toHex(r),
      keylessRow: toHex(sealer.keylessRow(t, ROW_BYTES)),
      actor: toHex(actor("dr.synthetic")),
      pairSubjectKey: toHex(pairSubjectKey(p, SUBJECT_KEY, OTHER_KEY)),
      commitment: toHex(sealer.commitment(t, r, SCHEMA, 72623859790382856n, 7, ROW_BYTES)),
    };
    await expect(`${JSON.stringify(answers, null, 2)}\n`).toMatchFileSnapshot(FILE.pathname);
  });

  it("handles are those of the specification", () => {
    const t = table("public.pätient");
    expect(toHex(t)).toBe(model(HANDLE_KEY, "table\0", "public.pätient").slice(0, 16));
    expect(toHex(row(t, utf8("a\tb")))).toBe(model(HANDLE_KEY, "row\0", t, "a\tb").slice(0, 32));
    expect(toHex(actor("nurse"))).toBe(model(HANDLE_KEY, "actor\0", "nurse").slice(0, 32));
    expect(toHex(sealer.keylessRow(t, ROW_BYTES))).toBe(model(SUBJECT_KEY, "row\0", t, ROW_BYTES).slice(0, 32));
  });

  it.each([0, 1, 300, 65_474, 65_475, 65_476, 100_000])(
    "a commitment to %i row bytes is that of the specification",
    (length) => {
      const t = table("public.t");
      const r = row(t, utf8("1"));
      const rowBytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const lsn = 2n ** 64n - 1n;
      const ordinal = 2 ** 32 - 1;
      const expected = model(SUBJECT_KEY, "anamnesis/row/v1\0", t, r, SCHEMA, u64(lsn), u32(ordinal), rowBytes);
      expect(toHex(sealer.commitment(t, r, SCHEMA, lsn, ordinal, rowBytes))).toBe(expected);
    },
  );

  it("two sealers used in turn do not disturb each other", () => {
    const other = rowSealer(p, OTHER_KEY);
    const seal = (s: typeof sealer, rowBytes: Uint8Array) =>
      toHex(s.commitment(new Uint8Array(8), new Uint8Array(16), SCHEMA, 1n, 1, rowBytes));
    const first = seal(sealer, ROW_BYTES);
    const second = seal(other, utf8("a longer row than the one before it, so that bytes could be left over"));
    expect(first).not.toBe(second);
    expect(seal(sealer, ROW_BYTES)).toBe(first);
  });

  it("the pair key does not depend on the order and differs from both", () => {
    const key = pairSubjectKey(p, SUBJECT_KEY, OTHER_KEY);
    expect(toHex(key)).toBe(model(OTHER_KEY, "subject\0", SUBJECT_KEY));
    expect(toHex(pairSubjectKey(p, OTHER_KEY, SUBJECT_KEY))).toBe(toHex(key));
  });

  it("keys of another length are refused by name", () => {
    const short = new Uint8Array(31);
    for (const act of [
      () => handles(p, short),
      () => rowSealer(p, short),
      () => pairSubjectKey(p, short, SUBJECT_KEY),
      () => pairSubjectKey(p, SUBJECT_KEY, short),
    ]) {
      expect(codeThrownBy(act)).toBe("crypto/bad-key");
    }
  });

  it("fields of another length or range are refused by name", () => {
    const [t, r] = [new Uint8Array(8), new Uint8Array(16)];
    const long = new Uint8Array(17);
    const refused = [
      () => sealer.commitment(long, r, SCHEMA, 1n, 1, ROW_BYTES),
      () => sealer.commitment(t, long, SCHEMA, 1n, 1, ROW_BYTES),
      () => sealer.commitment(t, r, long, 1n, 1, ROW_BYTES),
      () => sealer.commitment(t, r, SCHEMA, -1n, 1, ROW_BYTES),
      () => sealer.commitment(t, r, SCHEMA, 2n ** 64n, 1, ROW_BYTES),
      () => sealer.commitment(t, r, SCHEMA, 1n, -1, ROW_BYTES),
      () => sealer.commitment(t, r, SCHEMA, 1n, 2 ** 32, ROW_BYTES),
      () => sealer.commitment(t, r, SCHEMA, 1n, 0.5, ROW_BYTES),
      () => sealer.keylessRow(long, ROW_BYTES),
      () => row(long, utf8("1")),
    ];
    expect(refused.map(codeThrownBy)).toEqual(refused.map(() => "crypto/bad-field"));
  });
});

describe("a commitment binds every field", () => {
  const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const fields = fc.record({
    key: exactly(32),
    table: exactly(8),
    row: exactly(16),
    schema: exactly(8),
    lsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    ordinal: fc.nat(2 ** 31 - 1),
    rowBytes: fc.uint8Array({ maxLength: 60 }),
  });
  type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never;
  const tag = (f: Fields) =>
    rowSealer(native, f.key).commitment(f.table, f.row, f.schema, f.lsn, f.ordinal, f.rowBytes);
  const same = (a: Fields[keyof Fields], b: Fields[keyof Fields]) =>
    a instanceof Uint8Array && b instanceof Uint8Array ? equal(a, b) : a === b;

  it("changing any one field changes the tag; the same fields give the same tag", () => {
    fc.assert(
      fc.property(fields, fields, (f, g) => {
        const before = toHex(tag(f));
        for (const name of Object.keys(f) as (keyof Fields)[]) {
          expect(toHex(tag({ ...f, [name]: g[name] })) === before).toBe(same(f[name], g[name]));
        }
      }),
    );
  });

  it("moving bytes across the border of the row does not give the same tag", () => {
    fc.assert(
      fc.property(fields, fc.integer({ min: 1, max: 4 }), (f, n) => {
        const longer = Uint8Array.from([...u32(f.ordinal).subarray(4 - n), ...f.rowBytes]);
        expect(toHex(tag({ ...f, rowBytes: longer }))).not.toBe(toHex(tag(f)));
      }),
    );
  });
});
