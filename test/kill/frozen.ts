import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";

const TRIES = 20;
const THAWED_MS = 50;

/**
 * Reads the ledger of a process that is frozen, or dead. One that was frozen while it held SQLite's lock (a start, a
 * checkpoint of the WAL) keeps every reader out: it is let on a little, and frozen again.
 */
export async function whileFrozen<T>(frozen: ChildProcess | undefined, read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read();
    } catch (error) {
      if (codeOf(error) !== "ledger/locked" || tries === TRIES) throw error;
      frozen?.kill("SIGCONT");
      await sleep(THAWED_MS);
      frozen?.kill("SIGSTOP");
    }
  }
}
