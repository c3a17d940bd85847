/** A progress line on standard error: only on a terminal, at most ten times a second, gone when the work is done. */
import { cut } from "./table.ts";

export interface Progress {
  /** `done` of `total` (0 = unknown) with a label. */
  show(label: string, done: number, total: number): void;
  clear(): void;
}

const REDRAW_MS = 100;
const BAR_CELLS = 24;

export function progressOn(err: NodeJS.WriteStream): Progress {
  let drawn = false;
  let last = 0;
  return {
    show(label, done, total) {
      const now = Date.now();
      if (!err.isTTY || now - last < REDRAW_MS) return;
      last = now;
      drawn = true;
      err.write(`\r\u001b[K${cut(progressLine(label, done, total), Math.max(20, err.columns - 1))}`);
    },
    clear() {
      if (drawn) err.write("\r\u001b[K");
      drawn = false;
    },
  };
}

export function progressLine(label: string, done: number, total: number): string {
  if (total <= 0) return done > 0 ? `${label}  ${done}` : label;
  const share = Math.min(1, done / total);
  const full = Math.round(share * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  return `${bar} ${Math.floor(share * 100)
    .toString()
    .padStart(3)} %  ${label}  ${done} / ${total}`;
}
