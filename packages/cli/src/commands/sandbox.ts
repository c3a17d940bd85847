/** `anamnesis sandbox sql "…"`: what the hospital's administrator would type into psql. */
import { withClient } from "@anamnesis/capture";
import { AnamnesisError } from "@anamnesis/core";
import { sourceOf } from "@anamnesis/node";
import type { Command } from "commander";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";
import { readSandbox, SOURCE } from "../sandbox/state.ts";

interface Options {
  readonly dir: string;
  readonly json?: boolean;
}

/** What the driver gives for one statement. */
interface Answer {
  readonly command: string;
  readonly rowCount: number | null;
  readonly fields: readonly { readonly name: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export function registerSandbox(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  const sandbox = program.command("sandbox").description(commands.sandbox);
  sandbox
    .command("sql")
    .description(commands.sandboxSql.about)
    .argument("<sql>", commands.sandboxSql.sql)
    .option("--dir <dir>", options.dir, "sandbox")
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, 'sandbox sql "SELECT count(*) FROM patients"'))
    .action((sql: string, o: Options) => runner.run(o, (session) => run(sql, o, session)));
}

/** Several statements are one transaction, unless they say otherwise themselves. */
async function run(sql: string, o: Options, session: Session): Promise<0> {
  if (readSandbox(o.dir) === undefined) throw cliError("cli/no-sandbox", "there is no sandbox in this folder");
  const answers = await withDatabase(o.dir, session.signal, (folder) => query(sourceOf(folder, SOURCE).url, sql));
  session.result({ statements: answers.map((a) => ({ command: a.command, rows: a.rows, count: a.rowCount })) });
  for (const answer of answers) show(answer, session);
  return 0;
}

async function query(url: string, sql: string): Promise<readonly Answer[]> {
  try {
    return await withClient({ url }, async (client) => {
      await client.query("SET search_path = public");
      const text = { getTypeParser: () => (value: string) => value };
      const result = (await client.query({ text: sql, rowMode: "array", types: text })) as unknown as Answer | Answer[];
      return Array.isArray(result) ? result : [result];
    });
  } catch (cause) {
    if (cause instanceof AnamnesisError) throw cause;
    // The administrator's own statement on invented data: the database's message may be shown.
    throw cliError("cli/sql-failed", cause instanceof Error ? cause.message : "no message", {}, cause);
  }
}

function show(answer: Answer, session: Session): void {
  if (answer.fields.length > 0) {
    const head = answer.fields.map((f) => f.name);
    for (const line of table([head, ...answer.rows.map((r) => r.map((c) => c ?? "NULL"))])) session.print(line);
  }
  session.print(session.style.dim(session.texts.sandbox.done(answer.command, answer.rowCount ?? 0)));
}
