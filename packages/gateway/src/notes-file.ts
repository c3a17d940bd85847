/** Where an exported log keeps the signed checkpoints behind its blocks. */
import { join } from "node:path";

/** Notes in a full page. */
export const NOTES_PAGE = 256;

/** @param first number of the page's first block, a multiple of 256 */
export const notesFile = (dir: string, first: number): string => join(dir, "notes", String(first));
