/** `anamnesis witness --dir W --name N --log …`: a C2SP witness until stopped; `witness key` prints its verifier key. */
import { serveWitness } from "@anamnesis/gateway";
import { openWitness, type WitnessFolder } from "@anamnesis/node";
import type { Command } from "commander";
import { listOption, optionsOf, portOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { untilAborted } from "../output/wait.ts";
import type { Runner } from "../runner.ts";
import { type TrustedLog, trustedLog } from "../trusted-log.ts";

interface Options {
  readonly dir: string;
  readonly name?: string;
  readonly log?: readonly string[];
  readonly port?: number;
  readonly host?: string;
  readonly json?: boolean;
}

const PORT = 8430;

export function registerWitness(program: Command, runner: Runner): void {
  const { witness: texts, options } = runner.texts;
  const witness = program
    .command("witness")
    .description(texts.about)
    .requiredOption("--dir <dir>", texts.dir)
    .option("--name <name>", texts.name)
    .option("--log <vkey|url|file>", texts.log, listOption)
    .option("--port <port>", texts.port, portOption)
    .option("--host <address>", texts.host)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "witness --dir w1 --name witness.example/w1 --log http://127.0.0.1:8420",
        "witness key --dir w1",
      ),
    )
    .action((o: Options) => runner.run(o, (session) => run(o, session)));
  witness
    .command("key")
    .description(texts.keyAbout)
    .option("--dir <dir>", texts.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "witness key --dir w1"))
    .action((_: unknown, command: Command) => {
      const o = optionsOf<Options>(command);
      return runner.run(o, (session) => key(o, session));
    });
}

async function run(o: Options, session: Session): Promise<0> {
  const { texts, signal } = session;
  const trusted = new Map<string, TrustedLog>();
  for (const text of o.log ?? []) trusted.set(text, await trustedLog(text));
  const logs = [...trusted.values()].map((log) => log.verifierKey);
  const folder = openWitness({ dir: o.dir, logs, ...(o.name === undefined ? {} : { name: o.name }) });
  try {
    greet(folder, trusted, session);
    const onAnswer = (status: number): void => {
      if (status !== 200 && status !== 409) session.note(texts.witness.refused(status));
    };
    const { host = "127.0.0.1", port = PORT } = o;
    const server = await serveWitness({ witness: folder.deps, origins: folder.origins, host, port, onAnswer });
    session.note(texts.witness.serving(server.url, folder.origins.length));
    session.note(texts.node.stopHint);
    await untilAborted(signal);
    await server.stop();
  } finally {
    folder.close();
  }
  session.result({ stopped: true });
  session.note(texts.node.stopped);
  return 0;
}

function greet(folder: WitnessFolder, trusted: ReadonlyMap<string, TrustedLog>, session: Session): void {
  const { witness } = session.texts;
  if (folder.made) session.note(witness.made(folder.cosigner.name));
  session.note(witness.key(folder.cosigner.verifierKey));
  for (const [text, { verifierKey, firstUse }] of trusted) {
    session.note(witness.trusted(verifierKey.slice(0, verifierKey.indexOf("+")), verifierKey));
    if (firstUse) session.note(witness.firstUse(text));
  }
  if (folder.origins.length === 0) session.note(witness.noLogs);
  if (folder.made) session.note(witness.keep);
}

function key(o: Options, session: Session): Promise<0> {
  const folder = openWitness({ dir: o.dir });
  try {
    const { name, verifierKey } = folder.cosigner;
    session.result({ name, key: verifierKey, logs: folder.logs });
    session.print(verifierKey);
  } finally {
    folder.close();
  }
  return Promise.resolve(0);
}
