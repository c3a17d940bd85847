/** Command lines of the tools beside the product: its own command has them in `packages/cli`, with texts in two languages. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/**
 * What stands on the command line. `--help` prints the usage and ends the process; what is not known, and a whole number that is none,
 * is named in one line above the usage, and the process ends with 2.
 */
export function readOptions<T extends ParseArgsConfig>(
  usage: string,
  config: T,
  numbers: readonly string[] = [],
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).includes("--help")) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    const found = parseArgs(config);
    const values: Readonly<Record<string, unknown>> = found.values;
    for (const name of numbers) {
      const text = values[name];
      if (text !== undefined && !/^\d{1,15}$/.test(String(text))) throw new Error(`--${name} wants a whole number`);
    }
    return found;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : "unknown options"}\n\n${usage}\n`);
    process.exit(2);
  }
}
