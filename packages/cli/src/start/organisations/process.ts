/** The node of one organisation in a process of its own, started again when it ends by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { MembersStatus } from "../../consortium.ts";
import { COMMAND } from "./found.ts";
import { type Place, urlOf } from "./plan.ts";

const RESTART_MS = 5000;
const ANSWER_MS = 1500;
const STOP_MS = 3500;
/** What the first line of a failure begins with. */
const FAILED = "anamnesis: ";

export interface MemberOptions {
  readonly language: string;
  /** Aborted: it is not started again. */
  readonly signal: AbortSignal;
  /** Told each line that it writes to its standard error. */
  readonly onLine: (line: string) => void;
}

export class MemberProcess {
  readonly place: Place;
  readonly #o: MemberOptions;
  #child: ChildProcess | undefined;
  #problem = "";
  #answered = false;
  #starts = 0;

  constructor(place: Place, options: MemberOptions) {
    this.place = place;
    this.#o = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Started for the first time, and has not answered yet. */
  get begins(): boolean {
    return this.#starts === 1 && !this.#answered;
  }

  /** Why it ended the last time, in its own words; empty when it gave no reason. */
  get problem(): string {
    return this.#problem;
  }

  /** `undefined` while it does not answer. */
  async look(): Promise<MembersStatus | undefined> {
    try {
      const response = await fetch(`${urlOf(this.place)}/members`, { signal: AbortSignal.timeout(ANSWER_MS) });
      const status = (await response.json()) as MembersStatus;
      this.#answered = true;
      this.#problem = "";
      return status;
    } catch {
      return undefined;
    }
  }

  /** Ends it cleanly, or by force when that takes too long. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    // A process that was stopped with SIGSTOP takes no signal before it goes on.
    child.kill("SIGCONT");
    await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    child.kill("SIGKILL");
    await ended;
  }

  #start(): void {
    this.#starts++;
    // The channel tells the child when this process is gone, however it ended.
    const child = spawn(process.execPath, [COMMAND, "node", "--dir", this.place.dir, "--lang", this.#o.language], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    if (child.stderr !== null) createInterface({ input: child.stderr }).on("line", (line) => this.#hear(line));
    child.on("error", () => undefined);
    child.once("exit", () => void this.#again());
  }

  #hear(line: string): void {
    if (line.startsWith(FAILED)) this.#problem = line.slice(FAILED.length);
    this.#o.onLine(line);
  }

  async #again(): Promise<void> {
    const { signal } = this.#o;
    await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) this.#start();
  }
}
