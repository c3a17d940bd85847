/** `anamnesis start --organisations N` as somebody runs it in a terminal, and its members as somebody outside sees them. */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { decodeLeaf } from "@anamnesis/ledger";
import { announced, openFolder, openLog } from "@anamnesis/node";
import { launch, processesOf } from "../../packages/cli/test/process.ts";
import type { Members } from "./harness.ts";
import { until } from "./until.ts";

export const NAMES = ["nord", "sued", "ost", "west"] as const;
export type Name = (typeof NAMES)[number];

const ANSWER_MS = 5000;

export class Started {
  readonly root = mkdtempSync(join(tmpdir(), "anamnesis-organisations-"));
  readonly dir = join(this.root, "sandbox");
  said = "";
  #child: ChildProcess | undefined;

  /** Any free ports; nobody writes but the test. */
  start(): void {
    const args = ["start", "--organisations", "4", "--dir", this.dir, "--port", "0"];
    const child = launch([...args, "--patients", "100", "--writes-per-second", "0"]);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.said += chunk.toString();
      });
  }

  /** @returns the exit code, null after a signal that cannot be caught */
  end(signal: "SIGINT" | "SIGKILL"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return Promise.resolve(child?.exitCode ?? null);
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** Waits for a condition, and for no time; says what was printed when it never comes true. */
  until<T>(what: string, look: () => T | Promise<T>, holds: (seen: T) => boolean): Promise<T> {
    return until(what, look, holds, () => this.said.slice(-3000));
  }

  /** Until the text has been printed behind the first `from` characters. */
  says(text: string, from = 0): Promise<string> {
    return this.until(
      `said "${text}"`,
      () => this.said.slice(from),
      (said) => said.includes(text),
    );
  }

  folderOf(name: Name): string {
    return join(this.dir, name);
  }

  /** The process that serves this member now. */
  pidOf(name: Name): number | undefined {
    return existsSync(join(this.folderOf(name), "genesis.json"))
      ? announced(openFolder(this.folderOf(name)))?.pid
      : undefined;
  }

  async members(name: Name): Promise<Members | undefined> {
    return (await this.ask(name, "members"))?.json() as Promise<Members | undefined>;
  }

  /** `undefined` when it does not answer. */
  async ask(name: Name, path: string): Promise<Response | undefined> {
    if (!existsSync(join(this.folderOf(name), "genesis.json"))) return undefined;
    const { port } = openFolder(this.folderOf(name)).config.gateway;
    return fetch(`http://127.0.0.1:${port}/${path}`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined);
  }

  /** Everybody has all that the orderer has, which is more than `above` leaves, and all have cosigned it. @returns how many that is */
  async level(above = 0): Promise<number> {
    const seen = await this.until(
      `level above ${above} and sealed by all`,
      () => Promise.all(NAMES.map((name) => this.members(name))),
      (all) => {
        const size = all[0]?.size ?? 0;
        const sealed = all[0]?.seals?.sealedSize === size && all[0].seals.sealedBy === NAMES.length;
        return size > above && sealed && all.every((each) => each?.size === size);
      },
    );
    return seen[0]?.size ?? 0;
  }

  /** What the member says of its newest checkpoint: origin, size, root. */
  async checkpoint(name: Name): Promise<string> {
    const text = (await (await this.ask(name, "checkpoint"))?.text()) ?? "";
    return text.slice(0, text.indexOf("\n\n"));
  }

  /** Sources of the events among the leaves from `from` on, as the member's own replica holds them. */
  async sourcesFrom(name: Name, from: number): Promise<string[]> {
    const log = await openLog(openFolder(this.folderOf(name)));
    const found: string[] = [];
    try {
      const { size } = await log.checkpoint();
      for await (const { leaf } of log.leaves(from, size)) {
        const decoded = decodeLeaf(leaf);
        if (decoded.type === "event") found.push(`${decoded.event.kind} ${decoded.event.source}`);
      }
    } finally {
      await log.close();
    }
    return found;
  }

  /** Something that one hospital does. @returns rows that it changed */
  async write(name: Name, sql: string): Promise<number> {
    const [source] = openFolder(this.folderOf(name)).config.sources;
    return withClient({ url: source?.url ?? "" }, async (client) => (await client.query(sql)).rowCount ?? 0);
  }

  /** Public keys that the members sign transactions with. */
  publicKeys(): string[] {
    return NAMES.map((name) => {
      const { genesis, config } = openFolder(this.folderOf(name));
      return toHex(
        genesis.organisations.find(({ id }) => id === config.organisation)?.keys[0]?.publicKey ?? new Uint8Array(),
      );
    });
  }

  get processes(): readonly number[] {
    return processesOf(this.dir);
  }

  async dispose(): Promise<void> {
    await this.end("SIGKILL");
    await this.until(
      "without processes",
      () => this.processes,
      (left) => left.length === 0,
    );
    rmSync(this.root, { recursive: true, force: true });
  }
}
