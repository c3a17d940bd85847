/** Between the parser of the command line and the commands: sessions, exit codes, failures. */

import { failureLines, failureOf } from "./output/failure.ts";
import type { Session, Streams } from "./output/session.ts";
import { makeSession, toJson } from "./output/session.ts";
import { withSignals } from "./signals.ts";
import type { Texts } from "./texts/en.ts";

/** 0 clean or done, 1 findings, 2 could not do it. */
export type ExitCode = 0 | 1 | 2;

export type Body = (session: Session) => Promise<ExitCode>;

export interface Runner {
  readonly texts: Texts;
  /** Runs one command and remembers its exit code. */
  run(options: { readonly json?: boolean | undefined }, body: Body): Promise<void>;
  fail(error: unknown, json: boolean): void;
  readonly exitCode: ExitCode;
}

export function makeRunner(texts: Texts, streams: Streams, env: Readonly<Record<string, string | undefined>>): Runner {
  let exitCode: ExitCode = 0;
  const fail = (error: unknown, json: boolean): void => {
    exitCode = 2;
    const failure = failureOf(error, texts);
    if (json) streams.out.write(`${toJson({ error: failure })}\n`);
    for (const line of failureLines(failure, texts)) streams.err.write(`${line}\n`);
    if (env["ANAMNESIS_DEBUG"] === "1") streams.err.write(`${debugText(error)}\n`);
  };
  return {
    texts,
    fail,
    get exitCode() {
      return exitCode;
    },
    async run(options, body) {
      const json = options.json === true;
      await withSignals(async (signal) => {
        const session = makeSession({ texts, json, signal, streams, env });
        try {
          exitCode = await body(session);
        } catch (error) {
          session.progress.clear();
          fail(error, json);
        }
      });
    },
  };
}

/** For whoever sets ANAMNESIS_DEBUG: stacks and causes, which may name rows. */
function debugText(error: unknown): string {
  const lines: string[] = [];
  for (let e: unknown = error, depth = 0; e !== undefined && depth < 5; depth++) {
    lines.push(e instanceof Error ? (e.stack ?? e.message) : String(e));
    e = e instanceof Error ? e.cause : undefined;
  }
  return lines.join("\ncaused by: ");
}
