/** A verification at once, then one every half minute. */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@anamnesis/core";
import { type RunningNode, verifyBeside } from "@anamnesis/node";
import { SOURCE } from "../sandbox/state.ts";

const EVERY_MS = 30_000;

export interface LastVerification {
  /** When it ended, ms since 1970. */
  readonly at: number;
  readonly rows: number;
  readonly findings: number;
  readonly seconds: number;
  /** Set when it could not be done. */
  readonly code?: string;
}

export interface VerifyLoop {
  readonly last: LastVerification | undefined;
  readonly done: Promise<void>;
}

export function startVerifyLoop(node: RunningNode, signal: AbortSignal, onVerified: () => void): VerifyLoop {
  let last: LastVerification | undefined;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      last = await verifyOnce(node, signal);
      if (signal.aborted) return;
      onVerified();
      await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    get last() {
      return last;
    },
    done: run(),
  };
}

async function verifyOnce(node: RunningNode, signal: AbortSignal): Promise<LastVerification> {
  try {
    const { report } = await verifyBeside(node.engine, {
      folder: node.folder,
      source: SOURCE,
      mode: "cache",
      env: {},
      signal,
    });
    const { altered, missing, unexplained, unvouched } = report.totals;
    const findings = altered + missing + unexplained + unvouched;
    return { at: Date.now(), rows: report.rows, findings, seconds: report.seconds };
  } catch (error) {
    return { at: Date.now(), rows: 0, findings: 0, seconds: 0, code: codeOf(error) ?? "internal" };
  }
}
