/** Days and hours as the hospital counts them. No daylight saving: the offset is fixed. */
import { DAY, HOUR, MINUTE } from "./access.ts";
import type { General } from "./rules.ts";

export class Calendar {
  readonly #shift: number;
  readonly #start: number;

  constructor({ utc_offset_minutes, day_starts_hour }: General) {
    this.#shift = utc_offset_minutes * MINUTE;
    this.#start = day_starts_hour * HOUR;
  }

  /** Number of the working day; a night belongs to the day on which it began. */
  day(time: number): number {
    return Math.floor((time + this.#shift - this.#start) / DAY);
  }

  /** 0 to 23. */
  hour(time: number): number {
    const hours = Math.floor((time + this.#shift) / HOUR);
    return ((hours % 24) + 24) % 24;
  }
}
