/** The file of a table while the server is stopped: pages read, changed, and written back with a right checksum. */
import { closeSync, existsSync, fsyncSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { sandboxError } from "../errors.ts";
import { PAGE_BYTES, Page } from "./page.ts";

/** PostgreSQL parts a table into files of 1 GB. */
const SEGMENT_PAGES = 131_072;

/**
 * Changes one page. `change` says whether it changed anything; only then the page is written.
 * Throws `sandbox/plant-failed` when the file holds no sound page there: then the layout is not the one we know.
 */
export function changePage(path: string, block: number, change: (page: Page) => boolean): boolean {
  const segment = Math.floor(block / SEGMENT_PAGES);
  const file = openSync(segment === 0 ? path : `${path}.${segment}`, "r+");
  try {
    const at = (block % SEGMENT_PAGES) * PAGE_BYTES;
    const page = new Page(new Uint8Array(PAGE_BYTES));
    const read = readSync(file, page.bytes, 0, PAGE_BYTES, at);
    if (read !== PAGE_BYTES || !page.isSound(block))
      throw sandboxError("sandbox/plant-failed", "a data page has no right checksum: is the server stopped?", {
        block,
      });
    if (!change(page)) return false;
    page.seal(block);
    writeSync(file, page.bytes, 0, PAGE_BYTES, at);
    fsyncSync(file);
    return true;
  } finally {
    closeSync(file);
  }
}

/** The map of pages on which all is visible; the server makes it anew. It would hide deletions from index-only scans. */
export function dropVisibilityMap(path: string): void {
  if (existsSync(`${path}_vm`)) rmSync(`${path}_vm`);
}
