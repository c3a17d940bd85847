/** Accepting rows as they are, with a reason: asked of the capture that runs, or of our own for as long as it takes. */
import { setTimeout as sleep } from "node:timers/promises";
import { type AcceptRequest, openProgress } from "@anamnesis/capture";
import { AnamnesisError } from "@anamnesis/core";
import { type Environment, openAccess } from "./access.ts";
import { withCapture } from "./beside.ts";
import { nodeError } from "./errors.ts";
import type { Folder } from "./folder/folder.ts";

export interface Acceptance extends AcceptRequest {
  readonly folder: Folder;
  readonly source: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

const POLL_MS = 50;

/**
 * Resolves when the events are final and indexed.
 * @throws AnamnesisError `capture/unknown-table`, `capture/malformed-key`, `node/stopped`, and what ends capture meanwhile
 */
export function acceptNamed(asked: Acceptance): Promise<{ readonly accepted: number }> {
  const { folder, source, env, signal } = asked;
  return withCapture({ folder, source, env, signal }, async () => {
    const access = openAccess(folder, source, "read", env);
    const progress = openProgress(access.files.progress);
    try {
      const { table, key, reason, note, actor } = asked;
      const words = { ...(note === undefined ? {} : { note }), ...(actor === undefined ? {} : { actor }) };
      return await answerTo(progress.requests, progress.requests.ask({ table, key, reason, ...words }), signal);
    } finally {
      progress.close();
      access.close();
    }
  });
}

type Refusal = { readonly code: string; readonly message: string };

/** What is asked of a running capture through its notes. @throws AnamnesisError the refusal; `node/stopped` */
export async function answerTo<T extends object>(
  requests: { answer(id: number): T | Refusal | undefined },
  id: number,
  signal: AbortSignal,
): Promise<Exclude<T, Refusal>> {
  for (;;) {
    const answer = requests.answer(id);
    if (answer !== undefined && isRefusal(answer)) throw new AnamnesisError(answer.code, answer.message);
    if (answer !== undefined) return answer as Exclude<T, Refusal>;
    if (signal.aborted) throw nodeError("node/stopped", "stopped: what was asked stays asked of the capture that runs");
    await sleep(POLL_MS);
  }
}

const isRefusal = (answer: object): answer is Refusal => "code" in answer;
