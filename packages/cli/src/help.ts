import { type Argument, Help, type HelpConfiguration, type Option } from "commander";
import type { Texts } from "./texts/en.ts";

/** The examples below the help of one command. */
export function exampleText(texts: Texts, ...lines: readonly string[]): string {
  return `\n${texts.program.examples}:\n${lines.map((l) => `  anamnesis ${l}`).join("\n")}`;
}

/** What commander writes of its own accord, in the chosen language: titles, and the defaults of options. */
export function helpIn({ program }: Texts): HelpConfiguration {
  const titles: Readonly<Record<string, string>> = {
    "Usage:": program.usage,
    "Options:": program.options,
    "Arguments:": program.arguments,
    "Commands:": program.commands,
  };
  const written = new Help();
  return {
    styleTitle: (title) => titles[title] ?? title,
    optionDescription: (option) => withDefault(written.optionDescription(option), option, program),
    argumentDescription: (argument) => withDefault(written.argumentDescription(argument), argument, program),
  };
}

/** Only where commander has written the default: it keeps that of an option without value to itself. */
function withDefault(written: string, of: Option | Argument, { defaultIs }: Texts["program"]): string {
  const value = of.defaultValueDescription ?? JSON.stringify(of.defaultValue);
  const english = ` (default: ${value})`;
  return written.endsWith(english) ? written.slice(0, -english.length) + defaultIs(value) : written;
}
