/**
 * A digest of what a group changed, to recognise it when it comes again: a server that was put back and written to since may
 * reach the same number with other rows. Numbers of tables and places in files differ between servers that hold the same
 * log, and are left out.
 */
import { createHash, type Hash } from "node:crypto";
import type { BinlogEvent, GroupStart } from "./events.ts";

const HEADER_BYTES = 19;
const TABLE_ID_BYTES = 6;

export class GroupDigest {
  #hash: Hash = createHash("sha256");

  begin({ sequence, seconds }: GroupStart): void {
    this.#hash = createHash("sha256").update(`${sequence}/${seconds}`);
  }

  add(event: BinlogEvent, buffer: Buffer, at: number, end: number): void {
    if (event.kind === "table" || event.kind === "rows")
      this.#hash.update(buffer.subarray(at + HEADER_BYTES + TABLE_ID_BYTES, end));
    else if (event.kind === "query") this.#hash.update(event.sql);
  }

  /** 16 bytes as text. */
  end(): string {
    return this.#hash.digest("hex").slice(0, 32);
  }
}
