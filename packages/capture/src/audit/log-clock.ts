/**
 * The server log names its time zone by an abbreviation, which says little (`CST`). But each line holds one moment twice:
 * `session_start` in the log's zone, and the same in the session's name as seconds since 1970. So the zone's offset is
 * their difference, and each abbreviation is learned from the lines that use it.
 */
const STAMP = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{3}))? ([A-Za-z0-9+-]{1,12})$/;
const ZONES_MAX = 64;

export class LogClock {
  readonly #offsets = new Map<string, number>([
    ["UTC", 0],
    ["GMT", 0],
  ]);

  /** Microseconds since 1970; undefined for what is no time of a log line. */
  time(stamp: string, sessionStart: string, session: string): number | undefined {
    const read = parse(stamp);
    if (read === undefined) return undefined;
    const offset = this.#offsets.get(read.zone) ?? this.#learn(read.zone, sessionStart, session);
    return (read.ms - offset) * 1_000;
  }

  /** A zone changes within a session when the clocks do: until a younger session tells, the session's own has to do. */
  #learn(zone: string, sessionStart: string, session: string): number {
    const start = parse(sessionStart);
    const seconds = /^([0-9a-f]{1,12})\./.exec(session)?.[1];
    if (start === undefined || seconds === undefined) return 0;
    const offset = start.ms - Number.parseInt(seconds, 16) * 1_000;
    if (this.#offsets.size < ZONES_MAX && Math.abs(offset) <= 15 * 3_600_000) this.#offsets.set(start.zone, offset);
    return this.#offsets.get(zone) ?? offset;
  }
}

function parse(stamp: string): { readonly ms: number; readonly zone: string } | undefined {
  const found = STAMP.exec(stamp);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second, ms] = found.slice(1, 8).map((part) => Number(part ?? "0"));
  const time = Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0, ms ?? 0);
  return Number.isFinite(time) ? { ms: time, zone: found[8] ?? "" } : undefined;
}
