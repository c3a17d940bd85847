/** Processor time of a process with all its children, from Linux's /proc: seconds. */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

/** User and system time, its own and that of its ended children; undefined when it has gone meanwhile. */
function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The name in brackets may hold anything: fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i] ?? 0), 0);
  return { parent: Number(fields[1] ?? 0), ticks };
}

export function cpuSeconds(root: number): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  const below = (pid: number): number =>
    [...stats]
      .filter(([, s]) => s.parent === pid)
      .reduce((sum, [child]) => sum + below(child), stats.get(pid)?.ticks ?? 0);
  return below(root) / TICKS_PER_SECOND;
}
