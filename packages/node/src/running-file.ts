/** `running.json`: where the running node of a folder can be asked. A hint only; the ledger's lock is what decides. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./folder/files.ts";
import type { Folder } from "./folder/folder.ts";

export interface RunningFile {
  readonly pid: number;
  /** Address of its HTTP server. */
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

const fileOf = (folder: Folder): string => join(folder.layout.dir, "running.json");

export function announce(folder: Folder, running: RunningFile): void {
  writeWhole(fileOf(folder), `${JSON.stringify(running)}\n`);
}

export function withdraw(folder: Folder): void {
  rmSync(fileOf(folder), { force: true });
}

/** What a node wrote when it started; it may have died since. */
export function announced(folder: Folder): RunningFile | undefined {
  try {
    const found = JSON.parse(readFileSync(fileOf(folder), "utf8")) as Partial<RunningFile>;
    const { pid, url, since } = found;
    if (typeof pid !== "number" || typeof url !== "string" || typeof since !== "number" || !alive(pid))
      return undefined;
    return { pid, url, since };
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
