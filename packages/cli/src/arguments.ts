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
