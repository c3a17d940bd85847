/** Parsers of option values: a wrong one is a usage error that names the option. */
import { type Command, InvalidArgumentError } from "commander";

export function integerFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`a whole number from ${least} to ${most} is expected`);
  };
}

export const portOption = integerFrom(0, 65_535);

/** A date or a time in ISO 8601, as microseconds since 1970; without a zone it is UTC. */
export function timeOption(text: string): number {
  const found = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  const [, day = "", time = "00:00", zone = "Z"] = found ?? [];
  const ms = found === null ? Number.NaN : Date.parse(`${day}T${time}${zone}`);
  if (Number.isFinite(ms) && ms >= 0) return ms * 1_000;
  throw new InvalidArgumentError("a time such as 2026-03-01 or 2026-03-01T06:00Z is expected");
}

/** For options that may be given several times or hold a list with commas. */
export const listOption = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...text
    .split(",")
    .map((t) => t.trim())
    .filter((t) => t !== ""),
];

/**
 * Options of a command below one that has options of the same names: the parser gives those to the upper one, wherever
 * they stand. Only what was really written on the command line is taken from there, none of its defaults.
 */
export function optionsOf<T>(command: Command): T {
  const upper = command.parent;
  const given = Object.entries(upper?.opts() ?? {}).filter(([name]) => upper?.getOptionValueSource(name) === "cli");
  return { ...command.opts(), ...Object.fromEntries(given) } as T;
}
