import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private folder (0700, as `mkdtemp` makes them) and its removal. */
export function tempFolder(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-sandbox-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Waits for something to become true; false after the limit. */
export async function eventually(holds: () => boolean, limitMs: number): Promise<boolean> {
  for (const end = Date.now() + limitMs; !holds(); ) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
