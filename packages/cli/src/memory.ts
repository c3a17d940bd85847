/** Memory of a process that works through tables of any size. */
import { setFlagsFromString } from "node:v8";

/**
 * Keeps the engine's young generation at its first size (16 MB). It doubles it whenever much survives, up to 128 MB on a
 * large machine; for rows that are gone a moment later that is memory without use (measured: as fast without). The flag is
 * read each time when the space would grow, so it can be set while the process runs. Threads would begin, and so stay, at
 * 2 MB, which is cleared away all the time: they get as much at once.
 */
export function boundYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--min-semi-space-size=8");
}
