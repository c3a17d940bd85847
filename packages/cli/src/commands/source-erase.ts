/** `anamnesis source erase NAME`: destroys a patient's key, and what the source's stores could still tell of the patient. */
import { userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { eraseNamed } from "@anamnesis/node";
import type { Command } from "commander";
import { cliError } from "../errors.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";
import { reasonOf } from "./source-accept.ts";

interface EraseOptions {
  readonly dir: string;
  readonly patient: string;
  readonly reason: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function registerSourceErase(source: Command, runner: Runner): void {
  const { erase: texts, options } = runner.texts;
  source
    .command("erase")
    .description(texts.about)
    .argument("<name>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .requiredOption("--patient <id>", texts.patient)
    .requiredOption("--reason <code>", texts.reason)
    .option("--yes", texts.yes)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(runner.texts, "source erase ehr --dir data --patient 4711 --reason ERASURE-REQUEST --yes"),
    )
    .action((name: string, o: EraseOptions) => runner.run(o, (session) => erase(name, o, session)));
}

async function erase(name: string, o: EraseOptions, session: Session): Promise<0 | 1> {
  const reason = reasonOf(o.reason);
  const { env, signal, texts } = session;
  if (o.yes !== true && !(await isConfirmed(name, o.patient, session))) {
    session.print(texts.erase.notConfirmed);
    return 1;
  }
  const { names } = await withDatabase(o.dir, signal, (folder) =>
    eraseNamed({
      ...{ folder, source: name, env, signal, patient: o.patient, reason },
      actor: `operator ${userInfo().username}`,
    }),
  );
  session.result({ erased: true, names, reason });
  session.print(texts.erase.erased(names, reason));
  return 0;
}

async function isConfirmed(source: string, patient: string, session: Session): Promise<boolean> {
  if (!session.live || !process.stdin.isTTY) {
    throw cliError("cli/usage", "say --yes: an erasure cannot be undone, and there is nobody here to ask");
  }
  const { warning, question } = session.texts.erase;
  session.print(warning(patient, source));
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // Whoever leaves has not said yes.
    return (await asking.question(question, { signal: session.signal }).catch(() => undefined)) === patient;
  } finally {
    asking.close();
  }
}
