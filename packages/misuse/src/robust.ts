/** Median and median absolute deviation (Hampel 1974): a few extreme days do not move them, so they cannot hide themselves. */
export interface Spread {
  readonly median: number;
  /** Scaled by 1.4826: the standard deviation where values are normally distributed. */
  readonly deviation: number;
}

const CONSISTENT = 1.4826;
/** Counts that hardly differ would make every small difference extreme: the deviation is at least this part of the median, and 1. */
const FLOOR_SHARE = 0.1;

export function spreadOf(values: readonly number[]): Spread {
  const middle = median(values);
  const mad = median(values.map((value) => Math.abs(value - middle)));
  return { median: middle, deviation: Math.max(mad * CONSISTENT, middle * FLOOR_SHARE, 1) };
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const high = sorted.length >> 1;
  const low = (sorted.length - 1) >> 1;
  return sorted.length === 0 ? 0 : ((sorted[low] ?? 0) + (sorted[high] ?? 0)) / 2;
}
