/** Cuts the bytes of a log file into lines. A line beyond the limit is passed over, and its beginning told. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;
const HEAD_BYTES = 16_384;
const NEWLINE = 0x0a;

export interface LineHandler {
  line(text: string): void;
  /** Only its beginning. */
  oversized(head: string): void;
}

export class LineSplitter {
  readonly #handler: LineHandler;
  readonly #max: number;
  #parts: Buffer[] = [];
  #size = 0;
  #offset: number;

  /** Begins at a line's beginning, which lies at `offset` of the file. */
  constructor(offset: number, handler: LineHandler, max = LINE_BYTES_MAX) {
    this.#offset = offset;
    this.#handler = handler;
    this.#max = max;
  }

  /** Everything before this place of the file was told. */
  get offset(): number {
    return this.#offset;
  }

  /** The next byte wanted. */
  get next(): number {
    return this.#offset + this.#size;
  }

  /** The next bytes of the file; copied where they are kept. */
  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      this.#tell(this.#size + 1);
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(Buffer.from(chunk.subarray(from)));
  }

  #keep(part: Buffer): void {
    const before = this.#size;
    this.#size += part.length;
    if (before <= this.#max && (this.#size <= this.#max || before < HEAD_BYTES)) this.#parts.push(part);
    if (this.#size > this.#max && this.#parts.length > 0) {
      this.#parts = [Buffer.concat(this.#parts).subarray(0, HEAD_BYTES)];
    }
  }

  #tell(length: number): void {
    const oversized = this.#size > this.#max;
    const [only] = this.#parts;
    const bytes = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const text = bytes.toString("utf8");
    this.#parts = [];
    this.#size = 0;
    this.#offset += length;
    if (oversized) this.#handler.oversized(text);
    else this.#handler.line(text.endsWith("\r") ? text.slice(0, -1) : text);
  }
}
