/** The living sandbox: everything of the product over a simulated hospital, until somebody stops it. */
import { setTimeout as sleep } from "node:timers/promises";
import { startReaders, startWard } from "@anamnesis/sandbox";
import { showProgress } from "../commands/capture.ts";
import type { Session } from "../output/session.ts";
import { untilAborted } from "../output/wait.ts";
import { openSandbox, type Sandbox } from "../sandbox/open.ts";
import { SOURCE } from "../sandbox/state.ts";
import { startService } from "../service.ts";
import { hints } from "./hints.ts";
import { type Watched, Watcher } from "./live.ts";
import { type Screen, screenFor } from "./screen.ts";
import { startVerifyLoop } from "./verify-loop.ts";

export interface StartOptions {
  readonly dir: string;
  readonly patients: number;
  readonly seed: string;
  readonly port: number;
  readonly writesPerSecond: number;
}

export async function runSandbox(options: StartOptions, session: Session, out: NodeJS.WriteStream): Promise<void> {
  const sandbox = await bringUp(options, session);
  try {
    await serve(options, sandbox, session, out);
  } finally {
    await sandbox.postgres.stop();
  }
  session.print(session.texts.start.stopped);
}

function bringUp({ dir, patients, seed, port }: StartOptions, session: Session): Promise<Sandbox> {
  const { texts, progress, signal } = session;
  const say = (text: string): void => (process.stderr.isTTY ? progress.show(text, 0, 0) : session.note(text));
  const steps = {
    preparing: () => say(texts.start.preparing),
    database: () => say(texts.start.database),
    filling: (done: number, total: number) =>
      process.stderr.isTTY ? progress.show(texts.start.filling(done, total), done, total) : undefined,
  };
  return openSandbox({ dir, patients, seed, httpPort: port, reads: true, signal, steps });
}

async function serve(
  options: StartOptions,
  sandbox: Sandbox,
  session: Session,
  out: NodeJS.WriteStream,
): Promise<void> {
  const { folder, postgres, state } = sandbox;
  const { signal, env } = session;
  const onProgress = (_: string, p: Parameters<typeof showProgress>[0]): void => {
    if (p.phase === "baseline") showProgress(p, session);
  };
  const service = await startService({ folder, env, port: options.port, onProgress });
  const ward = startWard({
    url: postgres.url,
    seed: `${state.seed}/${Date.now()}`,
    writesPerSecond: options.writesPerSecond,
    signal,
  });
  const readers = startReaders({ url: postgres.url, seed: `${state.seed}/${Date.now()}`, signal });
  try {
    const source = service.node.sources.get(SOURCE);
    if (source === undefined) return;
    const screen = screenFor(session, out, await hints(postgres.url, options.dir, session.texts), service.url);
    await watch({ service, source, ward }, screen, signal);
  } finally {
    await Promise.all([ward.stop(), readers.stop(), service.stop()]);
  }
}

async function watch(watched: Watched, screen: Screen, signal: AbortSignal): Promise<void> {
  const { node } = watched.service;
  const watcher = new Watcher(watched);
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const loop = startVerifyLoop(node, both, () => screen.verified(loop));
  const drawing = (async () => {
    while (!both.aborted) {
      screen.draw(await watcher.look(), loop);
      await sleep(screen.everyMs, undefined, { signal: both }).catch(() => undefined);
    }
  })();
  try {
    await Promise.race([untilAborted(signal), node.failed, failureOf(watched.ward.done)]);
  } finally {
    over.abort();
    await Promise.allSettled([drawing, loop.done]);
  }
}

/** A ward that stops by itself is no reason to stop; one that fails is. */
function failureOf(done: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    done.catch(reject);
  });
}
