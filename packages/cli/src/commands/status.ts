/** `anamnesis status --dir DIR`: what the node has done so far. */
import { openFolder, statusOf } from "@anamnesis/node";
import type { Command } from "commander";
import type { MembersStatus } from "../consortium.ts";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import { waitingLine } from "../output/waiting.ts";
import type { Runner } from "../runner.ts";

const mebibytes = (bytes: number): number => Math.ceil(bytes / (1024 * 1024));

const ASK_MS = 3000;

interface Options {
  readonly dir: string;
  readonly json?: boolean;
}

export function registerStatus(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("status")
    .description(commands.status.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "status --dir data", "status --dir data --json"))
    .action((o: Options) => runner.run(o, (session) => status(o, session)));
}

async function status(o: Options, session: Session): Promise<0> {
  const found = await statusOf(openFolder(o.dir));
  const { status: texts } = session.texts;
  const { running, checkpoint } = found;
  const member = running === null ? undefined : await askMembers(running.url);
  session.result({ ...found, member: member ?? null });
  session.print(running === null ? texts.notRunning : `${texts.running}: ${running.url} (pid ${running.pid})`);
  const rows = [
    [texts.checkpoint, `${checkpoint.origin} ${checkpoint.size} ${checkpoint.root.slice(0, 16)}…`],
    ...found.sources.map((s) => [s.name, `${s.events} ${texts.events}, ${texts.passed} ${s.passed ?? "–"}`]),
  ];
  for (const line of table(rows)) session.print(line);
  for (const { name, goingThrough } of found.sources)
    for (const { table, why } of goingThrough) session.print(`${name}: ${texts.goingThrough[why](table)}`);
  for (const { name, reads } of found.sources)
    if (reads.total > 0) session.print(`${name}: ${texts.reads(reads.total, reads.newest ?? "–")}`);
  if (member !== undefined) showMember(member, session);
  const { kept } = session.texts.capture;
  for (const { name, retention } of found.sources) {
    if (retention === null || retention.level === "fine") continue;
    session.print(session.style.bad(`${name}: ${kept[retention.level](mebibytes(retention.bytes))}`));
  }
  return 0;
}

/** The running node's part in its consortium, and how far the members have sealed. */
function showMember({ follow, seals, waiting = [] }: MembersStatus, session: Session): void {
  const { organisations: t } = session.texts;
  for (const { source, code } of waiting) session.print(session.style.bad(waitingLine(source, code, session)));
  if (follow?.kind === "cut-off") session.print(session.style.bad(t.cutOff(follow.code)));
  if (follow?.kind === "refused") session.print(session.style.bad(t.refused(follow.why)));
  if (follow?.kind === "catching-up") session.print(t.catchingUp(follow.total));
  if (seals === null) return;
  const { sealedBy, members, sealedSize, epoch } = seals;
  session.print(sealedSize > 0 ? t.sealed(sealedBy, members.length, sealedSize, epoch) : t.notSealed);
}

/** `undefined` when the node does not answer, or is of a version that cannot. */
async function askMembers(url: string): Promise<MembersStatus | undefined> {
  try {
    const response = await fetch(`${url}/members`, { signal: AbortSignal.timeout(ASK_MS) });
    return response.ok ? ((await response.json()) as MembersStatus) : undefined;
  } catch {
    return undefined;
  }
}
