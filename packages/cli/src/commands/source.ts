/** `anamnesis source add | check | accept | erase | move | list` */
import { addSource, openFolder, shownUrl } from "@anamnesis/node";
import type { Command } from "commander";
import { listOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";
import { registerSourceAccept } from "./source-accept.ts";
import { registerSourceCheck } from "./source-check.ts";
import { registerSourceErase } from "./source-erase.ts";

interface AddOptions {
  readonly url: string;
  readonly dir: string;
  readonly tables?: readonly string[];
  readonly exclude?: readonly string[];
  readonly json?: boolean;
}

interface ListOptions {
  readonly dir: string;
  readonly json?: boolean;
}

export function registerSource(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  const source = program.command("source").description(commands.source);
  source
    .command("add")
    .description(commands.sourceAdd.about)
    .argument("<name>", options.source)
    .requiredOption("--url <url>", commands.sourceAdd.url)
    .requiredOption("--dir <dir>", options.dir)
    .option("--tables <patterns>", commands.sourceAdd.tables, listOption)
    .option("--exclude <patterns>", commands.sourceAdd.exclude, listOption)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "source add ehr --url postgres://user:password@host/db --dir data --exclude 'public.tmp_*'",
      ),
    )
    .action((name: string, o: AddOptions) => runner.run(o, (session) => add(name, o, session)));
  registerSourceCheck(source, runner);
  registerSourceAccept(source, runner);
  registerSourceErase(source, runner);
  source
    .command("list")
    .description(commands.sourceList.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "source list --dir data"))
    .action((o: ListOptions) => runner.run(o, (session) => list(o, session)));
}

async function add(name: string, o: AddOptions, session: Session): Promise<0> {
  const source = { name, url: o.url, tables: o.tables ?? ["*.*"], exclude: o.exclude ?? [] };
  const { url, push, ...rest } = addSource(openFolder(o.dir), source, session.env);
  const { texts } = session;
  // The token stays in the file: output is shown around.
  session.result({ ...rest, url: shownUrl(url) });
  session.print(texts.source.added(rest.name, shownUrl(url)));
  const check = `${texts.source.next}: anamnesis source check ${rest.name} --dir ${o.dir}`;
  session.print(push === undefined ? check : texts.source.pushNext(rest.name, o.dir));
  return 0;
}

async function list(o: ListOptions, session: Session): Promise<0> {
  const sources = openFolder(o.dir).config.sources.map(({ url, push: _, ...rest }) => ({
    ...rest,
    url: shownUrl(url),
  }));
  session.result({ sources });
  if (sources.length === 0) session.print(session.texts.source.none);
  for (const line of table(sources.map((s) => [s.name, s.url, s.tables.join(",")]))) session.print(line);
  return 0;
}
