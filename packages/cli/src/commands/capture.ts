/** `anamnesis capture NAME --dir DIR [--until-caught-up]` */
import type { CaptureProgress } from "@anamnesis/capture";
import { type Folder, openEngine, startSource } from "@anamnesis/node";
import type { Command } from "commander";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { secondsText } from "../output/time.ts";
import { untilAborted } from "../output/wait.ts";
import { yieldToOthers } from "../priority.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface Options {
  readonly dir: string;
  readonly untilCaughtUp?: boolean;
  readonly json?: boolean;
}

export function registerCapture(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("capture")
    .description(commands.capture.about)
    .argument("<source>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .option("--until-caught-up", commands.capture.untilCaughtUp)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "capture ehr --dir data --until-caught-up"))
    .action((source: string, o: Options) =>
      runner.run(o, (session) => withDatabase(o.dir, session.signal, (folder) => capture(source, folder, o, session))),
    );
}

async function capture(name: string, folder: Folder, o: Options, session: Session): Promise<0 | 2> {
  const { env, signal, texts } = session;
  yieldToOthers(env);
  const engine = await openEngine(folder);
  const started = Date.now();
  const noted = retentionNotes(name, session);
  try {
    const source = startSource({
      ...{ folder, engine, name, env, untilCaughtUp: o.untilCaughtUp === true },
      onProgress(p) {
        noted(p);
        showProgress(p, session);
      },
    });
    const over = await Promise.race([source.done, untilAborted(signal)]);
    await source.stop();
    const { passed: _passed, ...summary } = over ?? (await source.done);
    const { size } = await engine.checkpoint();
    session.result({ ...summary, caughtUp: over !== undefined, seconds: (Date.now() - started) / 1000, size });
    session.print(
      over === undefined
        ? texts.capture.stopped
        : texts.capture.caughtUp(summary.events, secondsText(Date.now() - started)),
    );
    return over === undefined && o.untilCaughtUp === true ? 2 : 0;
  } finally {
    await engine.close();
  }
}

/** Says once what the database keeps for us, each time that becomes better or worse. */
export function retentionNotes(source: string, session: Session): (p: CaptureProgress) => void {
  let level: NonNullable<CaptureProgress["retention"]>["level"] = "fine";
  return ({ retention }) => {
    if (retention === undefined || retention.level === level) return;
    level = retention.level;
    session.note(`${source}: ${session.texts.capture.kept[level](Math.ceil(retention.bytes / (1024 * 1024)))}`);
  };
}

export function showProgress(p: CaptureProgress, { texts: { capture: texts }, progress }: Session): void {
  if (p.phase === "baseline") {
    const rows = p.rows ?? 0;
    progress.show(texts.snapshot(p.table ?? "", rows), rows, Math.max(rows, p.estimate ?? 0));
  } else progress.show(texts.streaming(p.events), p.events, 0);
}
