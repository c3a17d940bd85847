import * as fc from "fast-check";

export { fc };

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Column texts with many of the bytes that COPY escapes, or NULL. */
export const columns: fc.Arbitrary<Uint8Array | null> = fc.option(
  fc
    .array(fc.constantFrom(0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x5c, 0x4e, 0x41, 0xc3, 0xa9), { maxLength: 12 })
    .map((list) => Uint8Array.from(list)),
  { nil: null },
);
