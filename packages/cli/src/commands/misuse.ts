/** `anamnesis misuse NAME --dir DIR`: which accesses should somebody explain? */
import { readFileSync } from "node:fs";
import { type Misuse, misuseOf, readRules, shownRules } from "@anamnesis/node";
import type { Command } from "commander";
import { integerFrom, timeOption } from "../arguments.ts";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import { misuseDocument, showMisuse } from "../output/misuse.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface Options {
  readonly dir?: string;
  readonly since?: number;
  readonly until?: number;
  readonly rules?: string;
  readonly showRules?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

export function registerMisuse(program: Command, runner: Runner): void {
  const { misuse, options } = runner.texts;
  program
    .command("misuse")
    .description(misuse.about)
    .argument("[source]", options.source)
    .option("--dir <dir>", options.dir)
    .option("--since <time>", misuse.since, timeOption)
    .option("--until <time>", misuse.until, timeOption)
    .option("--rules <file>", misuse.rules)
    .option("--show-rules", misuse.showRules)
    .option("--limit <n>", misuse.limit, integerFrom(1, 100_000), 20)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "misuse ehr --dir data",
        "misuse ehr --dir data --since 2026-03-01 --rules rules.toml --json",
        "misuse --show-rules",
      ),
    )
    .action((source: string | undefined, o: Options) => runner.run(o, (session) => misuseCommand(source, o, session)));
}

async function misuseCommand(source: string | undefined, o: Options, session: Session): Promise<0 | 1> {
  if (o.showRules === true) {
    const rules = shownRules();
    session.result({ rules });
    session.print(rules.trimEnd());
    return 0;
  }
  if (source === undefined || o.dir === undefined) throw cliError("cli/usage", "misuse needs a source and --dir");
  const rules = o.rules === undefined ? { version: 1 } : rulesFrom(o.rules);
  const range = { since: o.since ?? 0, until: o.until ?? Number.MAX_SAFE_INTEGER };
  const { env, signal } = session;
  const found: Misuse = await withDatabase(o.dir, signal, (folder) =>
    misuseOf({ folder, source, rules, env, signal, ...range }),
  );
  session.result(misuseDocument(found, session.texts));
  showMisuse(found, session, o.limit);
  return found.findings.length > 0 ? 1 : 0;
}

function rulesFrom(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw cliError("cli/unreadable-file", "the file with the rules cannot be read", { file }, cause);
  }
  return readRules(file, text);
}
