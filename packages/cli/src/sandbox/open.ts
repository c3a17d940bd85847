/** Bringing a sandbox up: data folder, PostgreSQL, hospital, source. Each step is skipped when it was done before. */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { addSource, type Folder, initFolder, layoutOf, moveSource, openFolder } from "@anamnesis/node";
import { explainAt, fillHospital, type Postgres, READ_LOG, startPostgres, VIEWER } from "@anamnesis/sandbox";
import { POSTGRES, readSandbox, type SandboxState, SOURCE, writeSandbox } from "./state.ts";

export interface Sandbox {
  readonly folder: Folder;
  readonly postgres: Postgres;
  readonly state: SandboxState;
  /** Rows invented now; 0 when the hospital was there. */
  readonly filled: number;
}

export interface SandboxSteps {
  preparing?(): void;
  database?(): void;
  filling?(done: number, total: number): void;
}

export interface OpenSandbox {
  readonly dir: string;
  /** For a new sandbox; one that is there keeps its own. */
  readonly patients: number;
  readonly seed: string;
  readonly httpPort?: number | undefined;
  /** Of the database; without it, the one used last time or the first that is free. */
  readonly databasePort?: number;
  /** The server logs what the ward's viewer reads, and capture takes it from there. */
  readonly reads?: boolean;
  readonly signal: AbortSignal;
  readonly steps?: SandboxSteps;
}

/** The caller stops `postgres`. On failure nothing is left running. */
export async function openSandbox(options: OpenSandbox): Promise<Sandbox> {
  const { dir, signal, steps } = options;
  const known = readSandbox(dir);
  const state = known ?? { patients: options.patients, seed: options.seed };
  const { config, unfinished } = layoutOf(dir);
  if (!existsSync(config) || existsSync(unfinished)) {
    steps?.preparing?.();
    const http = options.httpPort === undefined ? {} : { port: options.httpPort };
    await initFolder({ dir, organisation: "Sandbox Hospital", id: "sandbox", ...http });
  }
  if (known === undefined) writeSandbox(dir, state);
  steps?.database?.();
  const logged = options.reads === true ? { jsonLog: READ_LOG } : {};
  const port = options.databasePort === undefined ? {} : { port: options.databasePort };
  const postgres = await startPostgres({ dir: join(dir, POSTGRES), signal, ...port, ...logged });
  try {
    const { patients, seed } = state;
    const onProgress = (done: number, total: number): void => steps?.filling?.(done, total);
    const filled = await fillHospital(postgres.url, { patients, seed, onProgress });
    const folder = pointAt(openFolder(dir), postgres.url);
    const reading = options.reads === true && existsSync(join(postgres.dataDir, "log")) ? withReads(folder) : folder;
    return { folder: reading, postgres, state, filled: filled.total };
  } catch (problem) {
    // Asked before the server is stopped: it gives back what its last transaction took.
    const explained = explainAt(dir, problem, "the sandbox's hospital could not be made");
    await postgres.stop();
    throw explained;
  }
}

/** The port of the sandbox's PostgreSQL may change from start to start. */
function pointAt(folder: Folder, url: string): Folder {
  if (folder.config.sources.some((s) => s.name === SOURCE)) return moveSource(folder, SOURCE, url);
  addSource(folder, { name: SOURCE, url, tables: ["public.*"], exclude: [] }, {});
  return openFolder(folder.layout.dir);
}

/** The section that says where reads are found; once it is there it stays. */
function withReads(folder: Folder): Folder {
  if (folder.config.sources.find((s) => s.name === SOURCE)?.reads !== undefined) return folder;
  const lines = ["", `[source.${SOURCE}.reads]`, `log = "${POSTGRES}/data/log"`, 'mode = "auto_explain"'];
  appendFileSync(folder.layout.config, `${[...lines, `applications = ["${VIEWER}"]`].join("\n")}\n`);
  return openFolder(folder.layout.dir);
}
