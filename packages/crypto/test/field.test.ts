import { createHmac } from "node:crypto";
import { toHex, utf8 } from "@anamnesis/core";
import { rowSealer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const FILE = new URL("../../../vectors/field.json", import.meta.url);
const KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x40 + i);
const OTHER = Uint8Array.from({ length: 32 }, (_, i) => 0x20 + i);
const texts = fc.uint8Array({ maxLength: 300 });

describe.each([native, portable])("with $name", (p) => {
  const sealer = rowSealer(p, KEY);
  const other = rowSealer(p, OTHER);

  it("the known answers stay as they were frozen", async () => {
    const field = utf8(`${"Befund ".repeat(50)}\\n`);
    const row = `42\t\\D${toHex(sealer.fieldDigest(field))}\t\\N`;
    const answers = {
      about:
        "A row of the columns (id, report, note) whose report has more than 256 bytes: the digest of the field and the " +
        "row bytes with it (spec/encoding.md). Bytes are hexadecimal.",
      subjectKey: toHex(KEY),
      field: toHex(field),
      digest: toHex(sealer.fieldDigest(field)),
      rowBytes: toHex(utf8(row)),
    };
    await expect(`${JSON.stringify(answers, null, 2)}\n`).toMatchFileSnapshot(FILE.pathname);
  });

  it("a field's digest is that of the specification", () => {
    const mac = createHmac("sha256", KEY).update("anamnesis/field/v1\0").update("some text").digest("hex");
    expect(toHex(sealer.fieldDigest(utf8("some text")))).toBe(mac);
  });

  it("what is veiled comes back under the same key, and under no other", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const veiled = sealer.veil(text);
        expect(veiled.length).toBe(text.length + 16);
        expect(sealer.unveil(veiled)).toEqual(text);
        expect(other.unveil(veiled)).toBeUndefined();
      }),
    );
  });

  it("one changed or missing byte of what is veiled is noticed", () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 255 }), (text, place, by) => {
        const veiled = sealer.veil(text);
        const at = place % veiled.length;
        const changed = veiled.map((byte, i) => (i === at ? byte ^ by : byte));
        expect(sealer.unveil(changed)).toBeUndefined();
        expect(sealer.unveil(veiled.subarray(0, at))).toBeUndefined();
      }),
    );
  });

  it("a veiled text shows no part of itself", () => {
    const veiled = Buffer.from(sealer.veil(utf8("carcinoma")));
    expect(veiled.includes("carcinoma")).toBe(false);
    expect(sealer.keyName()).not.toEqual(other.keyName());
  });
});
