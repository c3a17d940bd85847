/** Times and durations for people. */

/** Microseconds since 1970 as ISO 8601 with milliseconds. */
export const isoTime = (micros: number): string => new Date(Math.floor(micros / 1000)).toISOString();

export const secondsText = (ms: number): string => (ms / 1000).toFixed(ms < 10_000 ? 1 : 0);

/** `75 s`, `12 min`, `3 h`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}
