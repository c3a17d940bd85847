/** `anamnesis node --dir DIR`: capture, ledger and HTTP until stopped. */
import type { Folder, NodeOptions } from "@anamnesis/node";
import type { Command } from "commander";
import { portOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { untilAborted } from "../output/wait.ts";
import { waitingNotes } from "../output/waiting.ts";
import { yieldToOthers } from "../priority.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";
import { startService } from "../service.ts";
import { retentionNotes } from "./capture.ts";

interface Options {
  readonly dir: string;
  readonly port?: number;
  readonly json?: boolean;
}

export function registerNode(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("node")
    .description(commands.node.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--port <port>", options.port, portOption)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "node --dir data --port 8420"))
    .action((o: Options) =>
      runner.run(o, (session) => withDatabase(o.dir, session.signal, (folder) => run(folder, o, session))),
    );
}

async function run(folder: Folder, o: Options, session: Session): Promise<0> {
  const { texts, env, signal } = session;
  yieldToOthers(env);
  const notes = new Map(
    folder.config.sources.map(({ name }) => [
      String(name),
      [retentionNotes(name, session), waitingNotes(name, session)],
    ]),
  );
  const service = await startService({
    folder,
    env,
    port: o.port ?? folder.config.gateway.port,
    signal,
    ...followNotes(session),
    onWitness: (name, { kind }) => session.note(texts.witness.outcome[kind](name)),
    onProgress(source, p) {
      for (const note of notes.get(source) ?? []) note(p);
      if (p.phase === "reconnecting") session.note(texts.node.retry(source, p.code ?? ""));
    },
  });
  session.note(texts.node.serving(service.url));
  for (const { name } of folder.config.sources) session.note(texts.node.capturing(name));
  session.note(texts.node.stopHint);
  try {
    await Promise.race([untilAborted(signal), service.node.failed]);
    session.note(texts.node.stopping);
  } finally {
    await service.stop();
  }
  session.result({ stopped: true });
  session.note(texts.node.stopped);
  return 0;
}

/** What a member that follows says on the way. */
function followNotes(session: Session): Pick<NodeOptions, "onFollow" | "onCatchUp" | "onEvidence"> {
  const { organisations: t } = session.texts;
  let size = 0;
  return {
    onCatchUp(done, total) {
      size = done;
      session.progress.show(t.progress, done, total);
    },
    onFollow(state) {
      session.progress.clear();
      if (state.kind === "following" && size > 0) session.note(t.caughtUp(size));
      if (state.kind === "catching-up") session.note(t.catchingUp(state.total));
      if (state.kind === "cut-off") session.note(session.style.bad(t.cutOff(state.code)));
      if (state.kind === "refused") session.note(session.style.bad(t.refused(state.why)));
    },
    onEvidence: (path) => session.note(session.style.bad(t.evidence(path))),
  };
}
