/** Row bytes (spec/encoding.md) from a row of a text result, field by field, without a value in between. */
import { lengthAt, lengthBytes, NULL_LENGTH } from "./lengths.ts";
import { type Form, floatText, numberText, readFloatText } from "./types.ts";

const TAB = 0x09;
const BACKSLASH = 0x5c;
const NULL_MARK = 0x4e;
const ZERO = 0x30;
const MINUS = 0x2d;
const HEX = Buffer.from("0123456789abcdef");

/** Byte → letter behind the backslash, as the row bytes of every source are escaped; 0 = the byte stands for itself. */
const ESCAPES = new Uint8Array(256);
for (const [byte, letter] of [
  [0x08, "b"],
  [0x0c, "f"],
  [0x0a, "n"],
  [0x0d, "r"],
  [0x09, "t"],
  [0x0b, "v"],
  [BACKSLASH, "\\"],
] as const)
  ESCAPES[byte] = letter.charCodeAt(0);

/** Writes into one buffer that is used again: a result is valid until the next call. */
export class RowText {
  readonly #forms: readonly Form[];
  #out = Buffer.alloc(16_384);
  #at = 0;

  constructor(forms: readonly Form[]) {
    this.#forms = forms;
  }

  row(buffer: Buffer, start: number): Uint8Array {
    this.#at = 0;
    let at = start;
    for (let i = 0; i < this.#forms.length; i++) {
      const length = lengthAt(buffer, at);
      at += lengthBytes(buffer, at);
      this.#reserve(2 * Math.max(length, 32) + 2);
      if (i > 0) this.#out[this.#at++] = TAB;
      if (length === NULL_LENGTH) {
        this.#out[this.#at++] = BACKSLASH;
        this.#out[this.#at++] = NULL_MARK;
        continue;
      }
      this.#field(this.#forms[i] ?? "text", buffer, at, at + length);
      at += length;
    }
    return this.#out.subarray(0, this.#at);
  }

  #field(form: Form, buffer: Buffer, from: number, to: number): void {
    switch (form) {
      case "text":
        return this.#escaped(buffer, from, to);
      case "hex":
        return this.#hex(buffer, from, to);
      case "float":
        return this.#ascii(floatText(readFloatText(buffer.toString("latin1", from, to))));
      case "number":
        return this.#number(buffer, from, to);
    }
  }

  #escaped(buffer: Buffer, from: number, to: number): void {
    const out = this.#out;
    let at = this.#at;
    for (let i = from; i < to; i++) {
      const byte = buffer[i] as number;
      const letter = ESCAPES[byte] as number;
      if (letter === 0) {
        out[at++] = byte;
      } else {
        out[at++] = BACKSLASH;
        out[at++] = letter;
      }
    }
    this.#at = at;
  }

  #hex(buffer: Buffer, from: number, to: number): void {
    const out = this.#out;
    for (let i = from; i < to; i++) {
      const byte = buffer[i] as number;
      out[this.#at++] = HEX[byte >> 4] as number;
      out[this.#at++] = HEX[byte & 15] as number;
    }
  }

  /** Digits are no characters to escape; only ZEROFILL's zeros go. */
  #number(buffer: Buffer, from: number, to: number): void {
    const first = buffer[from] === MINUS ? from + 1 : from;
    if (buffer[first] === ZERO && to - first > 1) return this.#ascii(numberText(buffer.toString("latin1", from, to)));
    for (let i = from; i < to; i++) this.#out[this.#at++] = buffer[i] as number;
  }

  #ascii(text: string): void {
    this.#at += this.#out.write(text, this.#at, "latin1");
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const larger = Buffer.alloc(2 * (this.#at + bytes));
    this.#out.copy(larger, 0, 0, this.#at);
    this.#out = larger;
  }
}
