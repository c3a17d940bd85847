/** Drawing: on a terminal redrawn in place once a second, elsewhere one plain line every five seconds. */
import type { Session } from "../output/session.ts";
import { cut, table } from "../output/table.ts";
import { type Live, rowsOf, verdict } from "./live.ts";
import type { VerifyLoop } from "./verify-loop.ts";

export interface Screen {
  readonly everyMs: number;
  draw(live: Live, loop: VerifyLoop): void;
  /** A verification ended: where nothing is redrawn, this is worth a line of its own. */
  verified(loop: VerifyLoop): void;
}

export function screenFor(
  session: Session,
  out: NodeJS.WriteStream,
  hints: readonly [string, string][],
  url: string,
): Screen {
  return session.live ? terminal(session, out, hints, url) : plain(session, hints, url);
}

function head(session: Session, url: string): string {
  const { start } = session.texts;
  return `${session.style.bold(start.title)}   ${start.ready(url)}`;
}

function hintLines(session: Session, hints: readonly [string, string][]): string[] {
  const { start } = session.texts;
  const lines = hints.flatMap(([text, command]) => [`  ${session.style.dim(text)}`, `    ${command}`]);
  return [session.style.bold(start.tryNext), ...lines, session.style.dim(start.stop)];
}

function terminal(session: Session, out: NodeJS.WriteStream, hints: readonly [string, string][], url: string): Screen {
  // What can be copied is printed once and stays above: only the figures below it are redrawn.
  for (const line of [head(session, url), "", ...hintLines(session, hints), ""]) session.print(line);
  let drawn = 0;
  return {
    everyMs: 1000,
    draw(live, loop) {
      const { text, good } = verdict(loop, session.texts);
      const shown = table(rowsOf(live, text, session.texts)).map((l) => cut(l, Math.max(20, out.columns - 1)));
      const lines = shown.map((l) => (l.includes(text) && loop.last !== undefined ? paint(l, good, session) : l));
      // The progress of a snapshot stands in the line below the figures, and the cursor at its end.
      session.progress.clear();
      out.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ""}${lines.join("\n")}\n`);
      drawn = lines.length;
    },
    verified() {},
  };
}

const paint = (line: string, good: boolean, { style }: Session): string => (good ? style.good(line) : style.bad(line));

function plain(session: Session, hints: readonly [string, string][], url: string): Screen {
  for (const line of [head(session, url), ...hintLines(session, hints)]) session.print(line);
  return {
    everyMs: 5000,
    draw(live, loop) {
      const { text } = verdict(loop, session.texts);
      session.print(
        rowsOf(live, text, session.texts)
          .map(([label, value]) => `${label} ${value.replaceAll(/ {2,}/g, ", ")}`)
          .join(" | "),
      );
    },
    verified(loop) {
      session.print(verdict(loop, session.texts).text);
    },
  };
}
