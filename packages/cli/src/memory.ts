/** Memory of a process that works through tables of any size. */
import { setFlagsFromString } from "node:v8";

/**
 * The collector of garbage, for rows that are gone a moment later. The flags are read each time they matter, so they can be
 * set while the process runs.
 *
 * Keeps the engine's young generation at its first size (16 MB). It doubles it whenever much survives, up to 128 MB on a
 * large machine: memory without use (measured: as fast without). Threads would begin, and so stay, at 2 MB, which is cleared
 * away all the time: they get as much at once.
 *
 * The old generation may grow to four times what lived when it was last gone through. That is some 25 MB, so it was gone
 * through again after 10 MB more, three times in 100,000 changes, and each time a core was busy for 50 ms.
 */
export function tuneCollector(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--min-semi-space-size=8");
  setFlagsFromString("--heap-growing-percent=300");
}
