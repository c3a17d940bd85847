/** Erasing a patient: asked of the capture that runs, or of our own for as long as it takes. */
import { type ErasureRequest, openProgress } from "@anamnesis/capture";
import { answerTo } from "./accept.ts";
import { type Environment, openAccess } from "./access.ts";
import { withCapture } from "./beside.ts";
import type { Folder } from "./folder/folder.ts";

export interface Erasing extends ErasureRequest {
  readonly folder: Folder;
  readonly source: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/**
 * Resolves when the key is destroyed, the event final, and nothing in the source's stores names the patient any more.
 * `names`: readable keys of rows that were forgotten.
 * @throws AnamnesisError `capture/unknown-patient`, `node/stopped` (it stays asked), and what ends capture meanwhile
 */
export function eraseNamed({ folder, source, env, signal, ...request }: Erasing): Promise<{ readonly names: number }> {
  return withCapture({ folder, source, env, signal }, async () => {
    const access = openAccess(folder, source, "read", env);
    const progress = openProgress(access.files.progress);
    try {
      return await answerTo(progress.erasures, progress.erasures.ask(request), signal);
    } finally {
      progress.close();
      access.close();
    }
  });
}
