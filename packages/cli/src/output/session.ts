/** What a command may use of the outside world: texts, the two output streams, the signal that asks it to stop. */
import type { Texts } from "../texts/en.ts";
import { type Progress, progressOn } from "./progress.ts";
import { type Style, styleFor } from "./style.ts";

export interface Session {
  readonly texts: Texts;
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly style: Style;
  readonly progress: Progress;
  /** Whether standard output is a terminal that can be redrawn. */
  readonly live: boolean;
  /** One line for people on standard output; nothing with --json. */
  print(line?: string): void;
  /** The one JSON document of --json; nothing without. */
  result(document: unknown): void;
  /** One line on standard error. */
  note(line: string): void;
}

export interface Streams {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

export function makeSession(how: {
  readonly texts: Texts;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly streams: Streams;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Session {
  const { texts, json, signal, env } = how;
  const { out, err } = how.streams;
  const progress = progressOn(err);
  return {
    texts,
    json,
    env,
    signal,
    progress,
    style: styleFor(out, env),
    live: out.isTTY && !json,
    print(line = "") {
      progress.clear();
      if (!json) out.write(`${line}\n`);
    },
    result(document) {
      progress.clear();
      if (json) out.write(`${toJson(document)}\n`);
    },
    note(line) {
      progress.clear();
      err.write(`${line}\n`);
    },
  };
}

/** JSON on one line; 64-bit numbers become text, bytes hexadecimal. */
export function toJson(document: unknown): string {
  return JSON.stringify(document, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    return value;
  });
}
