/**
 * A sandbox that was left or a demonstration that was kept has a database of its own, which sleeps. Commands that need
 * it wake it for as long as they take; any other folder is passed through untouched.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import { type Folder, moveSource, openFolder, sourceOf } from "@anamnesis/node";
import { startPostgres } from "@anamnesis/sandbox";
import { POSTGRES, readSandbox, SOURCE } from "./state.ts";

export async function withDatabase<T>(
  dir: string,
  signal: AbortSignal,
  work: (folder: Folder) => Promise<T>,
): Promise<T> {
  const folder = openFolder(dir);
  const sandboxed = existsSync(join(dir, "sandbox.json")) && readSandbox(dir) !== undefined;
  if (!sandboxed || (await answers(sourceOf(folder, SOURCE).url))) return work(folder);
  const postgres = await startPostgres({ dir: join(dir, POSTGRES), signal });
  try {
    return await work(moveSource(folder, SOURCE, postgres.url));
  } finally {
    await postgres.stop();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await withClient({ url }, (client) => client.query("SELECT 1"));
    return true;
  } catch {
    return false;
  }
}
