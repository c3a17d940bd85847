/** A member that follows the log: a real replica in a folder of its own, which fetches, executes again, and may be killed. */
import { join } from "node:path";
import { contract } from "@anamnesis/contracts";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { catchUp, type FollowedLog, openOrFound, type Replica } from "@anamnesis/embedded";
import type { Genesis, LogReader } from "@anamnesis/ledger";
import type { Auditor } from "../auditor/audit.ts";
import { sha256 } from "../auditor/trees.ts";
import { readFolder, removeFolder, writeFolder } from "./files.ts";

export class Follower {
  readonly name: string;
  readonly #root: string;
  readonly #genesis: Genesis;
  #life = 0;
  #replica: Replica | undefined;

  constructor(name: string, root: string, genesis: Genesis) {
    this.name = name;
    this.#root = root;
    this.#genesis = genesis;
  }

  get folder(): string {
    return join(this.#root, `${this.name}-${this.#life}`);
  }

  get size(): number {
    return this.#replica?.newest.size ?? 0;
  }

  /** Of its first `size` leaves, at most those it has. */
  rootAt(size: number): Uint8Array {
    return this.#replica === undefined ? sha256() : this.#replica.reader.rootAt(size);
  }

  /** Fetches and executes what is new. @throws whatever the replica says no with; what it had stays as it was */
  async follow(log: FollowedLog): Promise<void> {
    this.#replica ??= await openOrFound(this.#options(), log);
    await catchUp(this.#replica, log, { primitives: native, signal: new AbortController().signal });
  }

  /**
   * Follows another log than its own, in a copy of its folder: `open`, or the code with which it refuses.
   * @param honest what it then holds must be a stretch of this log all the same
   */
  async looks(log: FollowedLog, honest?: Auditor): Promise<string> {
    const copy = new Follower(`${this.name}-aside`, this.#root, this.#genesis);
    writeFolder(copy.folder, readFolder(this.folder));
    try {
      const outcome = await copy.follow(log).then(
        () => "open",
        (error: unknown) => codeOf(error) ?? String(error),
      );
      if (honest !== undefined) await copy.audit(honest);
      return outcome;
    } finally {
      copy.close();
      removeFolder(copy.folder);
    }
  }

  /** What it holds must be a stretch of the one log from its start. */
  async audit(auditor: Auditor): Promise<void> {
    if (this.#replica === undefined) return;
    const { size, root, note } = await this.#replica.reader.checkpoint();
    auditor.shown(note);
    auditor.prefix(this.name, size, root);
  }

  /** Killed; goes on with the folder as it lay. */
  async crash(): Promise<void> {
    if (this.#replica === undefined) return;
    const files = readFolder(this.folder);
    this.close();
    removeFolder(this.folder);
    this.#life++;
    writeFolder(this.folder, files);
  }

  close(): void {
    this.#replica?.close();
    this.#replica = undefined;
  }

  #options() {
    return { dir: this.folder, genesis: this.#genesis, contract, primitives: native };
  }
}

/** What a follower would fetch over the network. */
export const followed = (
  reader: LogReader & { notes(sequence: number, count: number): readonly string[] },
): FollowedLog => ({
  checkpoint: () => reader.checkpoint(),
  tile: (path) => reader.tile(path),
  notes: async (sequence) => reader.notes(sequence, 256),
});
