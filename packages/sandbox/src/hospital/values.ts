import type { Rng } from "../random.ts";
import { WORDS } from "./vocabulary.ts";

const DAY_MS = 86_400_000;
/** The invented past: fixed, so that the same seed gives the same bytes on any day. */
const FIRST_MS = Date.UTC(2023, 0, 1);
const LAST_MS = Date.UTC(2026, 5, 30);

/** A moment as PostgreSQL reads it, with microseconds. */
export function stamp(ms: number, micros: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, "0")}+00`;
}

export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function someMs(rng: Rng): number {
  return FIRST_MS + rng.int(Math.floor((LAST_MS - FIRST_MS) / 1_000)) * 1_000 + rng.int(1_000);
}

/** A little later: up to `days` days. */
export function later(rng: Rng, ms: number, days: number): number {
  return ms + rng.int(days * 86_400) * 1_000 + rng.int(1_000);
}

export function someStamp(rng: Rng, ms: number): string {
  return stamp(ms, rng.int(1_000));
}

/** `units` hundredths, tenths, … with exactly that many decimals: trailing zeros stay. */
export function decimal(units: number, decimals: number): string {
  if (decimals === 0) return String(units);
  const digits = String(units).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

export function birthDate(rng: Rng): string {
  return day(Date.UTC(1930, 0, 1) + rng.int(34_000) * DAY_MS);
}

/** Prose of roughly that many characters. */
export function prose(rng: Rng, characters: number): string {
  let text = "";
  while (text.length < characters) text += `${rng.pick(WORDS)}${rng.chance(0.1) ? ".\n" : " "}`;
  return text.trimEnd();
}

/** Absent, empty or something: three different things. */
export function maybe(rng: Rng, value: string): string | null {
  return rng.chance(0.3) ? null : rng.chance(0.3) ? "" : value;
}

export function uuid(rng: Rng): string {
  const h = rng.hex(16);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}
