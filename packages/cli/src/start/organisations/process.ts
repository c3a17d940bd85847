/** The node of one organisation in a process of its own, started again when it ends by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { MembersStatus } from "../../consortium.ts";
import { COMMAND } from "./found.ts";
import { type Place, urlOf } from "./plan.ts";

const RESTART_MS = 5000;
const ANSWER_MS = 1500;
const STOP_MS = 3500;

export class MemberProcess {
  readonly place: Place;
  readonly #stop: AbortSignal;
  #child: ChildProcess | undefined;
  #said = "";
  #starts = 0;

  constructor(place: Place, stop: AbortSignal) {
    this.place = place;
    this.#stop = stop;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#starts - 1;
  }

  /** What it wrote to its standard error last. */
  get lastLine(): string {
    return this.#said.trimEnd().split("\n").at(-1) ?? "";
  }

  /** `undefined` while it does not answer. */
  async look(): Promise<MembersStatus | undefined> {
    try {
      const response = await fetch(`${urlOf(this.place)}/members`, { signal: AbortSignal.timeout(ANSWER_MS) });
      return (await response.json()) as MembersStatus;
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
    const child = spawn(process.execPath, [COMMAND, "node", "--dir", this.place.dir], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-2000);
    });
    child.on("error", () => undefined);
    child.once("exit", () => void this.#again());
  }

  async #again(): Promise<void> {
    await sleep(RESTART_MS, undefined, { signal: this.#stop }).catch(() => undefined);
    if (!this.#stop.aborted) this.#start();
  }
}
