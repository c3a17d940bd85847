/** A data folder with a MariaDB as its source, used as the command line uses it. */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { VerifyReport } from "@anamnesis/capture";
import { decodeEvent, type Event, isEventLeaf } from "@anamnesis/ledger";
import {
  addSource,
  type Folder,
  initFolder,
  openFolder,
  openLog,
  type RunningNode,
  startNode,
  verifyNamed,
} from "@anamnesis/node";
import { type MariadbPlace, mariadbPlace } from "./mariadb-place.ts";

const env = {};
const CHILD = fileURLToPath(new URL("./mariadb-child.ts", import.meta.url));

export class MariadbHospital {
  readonly place: MariadbPlace;
  folder: Folder;
  #node: RunningNode | undefined;

  private constructor(place: MariadbPlace, folder: Folder) {
    this.place = place;
    this.folder = folder;
  }

  static async open(...statements: readonly string[]): Promise<MariadbHospital> {
    const place = await mariadbPlace();
    await place.sql(...statements);
    const dir = join(place.dir, "data");
    await initFolder({ dir, organisation: "Nord" });
    addSource(openFolder(dir), { name: "ehr", url: place.server.url, tables: ["*.*"], exclude: [] }, env);
    return new MariadbHospital(place, openFolder(dir));
  }

  sql(...statements: readonly string[]): Promise<(string | null)[][]> {
    return this.place.sql(...statements);
  }

  /** Behind capture: nothing of it is in the log. */
  tamper(...statements: readonly string[]): Promise<(string | null)[][]> {
    return this.place.sql("SET SESSION sql_log_bin = 0", "SET SESSION foreign_key_checks = 0", ...statements);
  }

  async start(): Promise<RunningNode> {
    this.#node ??= await startNode({ folder: this.folder, env });
    return this.#node;
  }

  async stop(): Promise<void> {
    await this.#node?.stop();
    this.#node = undefined;
  }

  /** The folder's source stands elsewhere from the next start on. */
  moveTo(folder: Folder): void {
    this.folder = folder;
  }

  /** A process that captures until it is killed. */
  child(): ChildProcess {
    return spawn(process.execPath, [CHILD, this.folder.layout.dir], { stdio: ["ignore", "inherit", "inherit"] });
  }

  async verify(mode: "cache" | "from-log" = "cache"): Promise<VerifyReport> {
    const signal = AbortSignal.timeout(60_000);
    return (await verifyNamed({ folder: this.folder, source: "ehr", mode, env, signal })).report;
  }

  async events(): Promise<readonly Event[]> {
    const log = await openLog(this.folder);
    try {
      const { size } = await log.checkpoint();
      const events: Event[] = [];
      for await (const { leaf } of log.leaves(0, size)) if (isEventLeaf(leaf)) events.push(decodeEvent(leaf));
      return events;
    } finally {
      await log.close();
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await this.place.remove();
    rmSync(this.place.dir, { recursive: true, force: true });
  }
}

/** `kind table key` of each finding that counts, sorted. */
export const findingsOf = (report: VerifyReport): readonly string[] =>
  [
    ...report.altered.map((f) => `altered ${f.table} ${f.key}`),
    ...report.missing.map((f) => `missing ${f.table} ${f.key}`),
    ...report.unexplained.map((f) => `unexplained ${f.table} ${f.key}`),
    ...report.unvouched.map((f) => `unvouched ${f.table} ${f.key}`),
  ].toSorted();
