/**
 * The folder of a witness: its key, the logs it knows, what it has cosigned. The key and the memory belong together: a witness that
 * forgot would cosign a second past, so a folder with one and without the other is refused.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Cosigner,
  cosigner,
  isKeyName,
  type NoteVerifier,
  parseVerifierKey,
  sameVerifier,
  type WitnessDeps,
} from "@anamnesis/ledger";
import { explainFile, nodeError } from "./errors.ts";
import { makeFolder, writeWhole } from "./folder/files.ts";
import { makeKey, readKey } from "./folder/keys.ts";
import { primitives, systemClock } from "./system.ts";
import { SqliteWitnessStore } from "./witness-store.ts";

export interface WitnessFolder {
  readonly cosigner: Cosigner;
  /** Verifier keys of the logs it knows, each named as the log's origin. */
  readonly logs: readonly string[];
  readonly origins: readonly string[];
  readonly deps: WitnessDeps;
  /** Whether it was made just now. */
  readonly made: boolean;
  close(): void;
}

export interface WitnessFolderOptions {
  readonly dir: string;
  /** Needed to make one; later it must be the same or left out. */
  readonly name?: string;
  /** Verifier keys of logs to know from now on, beside those it knows. */
  readonly logs?: readonly string[];
}

interface Settings {
  readonly name: string;
  readonly logs: readonly string[];
}

const files = (dir: string) => ({
  settings: join(dir, "witness.json"),
  key: join(dir, "witness.key"),
  memory: join(dir, "witness.db"),
});

/**
 * Opens the folder, and makes it when there is none and a name is given.
 * @throws AnamnesisError `node/not-a-witness`, `node/damaged-memory`, `node/folder-not-empty`, `node/bad-key-file`,
 *   `node/no-access`, `node/disk-full`, `ledger/malformed` for a wrong verifier key
 */
export function openWitness({ dir, name, logs = [] }: WitnessFolderOptions): WitnessFolder {
  const paths = files(dir);
  const found = readSettings(paths.settings);
  if (found !== undefined && name !== undefined && name !== found.name)
    throw nodeError(
      "node/not-a-witness",
      "the witness of this folder has another name: leave --name out, or name another folder",
    );
  if (found !== undefined && !existsSync(paths.memory))
    throw nodeError(
      "node/damaged-memory",
      "witness.db is gone: restore it from a copy, or make a new witness with a new key",
    );
  try {
    const settings = found ?? make(dir, name);
    const all = withLogs(settings.logs, logs);
    // The memory first: settings are what says that the folder is complete.
    const store = new SqliteWitnessStore(paths.memory);
    if (found === undefined || all.length > found.logs.length)
      writeWhole(paths.settings, `${JSON.stringify({ version: 1, name: settings.name, logs: all }, null, 2)}\n`);
    return opened(settings.name, all, readKey(paths.key), store, found === undefined);
  } catch (problem) {
    throw explainFile(problem, "the folder of the witness cannot be used");
  }
}

function opened(
  name: string,
  logs: readonly string[],
  seed: Uint8Array,
  store: SqliteWitnessStore,
  made: boolean,
): WitnessFolder {
  const verifiers = logs.map((text) => parseVerifierKey(primitives, text));
  const key = cosigner(primitives, name, seed);
  const logKeys = (origin: string): readonly NoteVerifier[] | undefined => {
    const known = verifiers.filter((v) => v.name === origin);
    return known.length === 0 ? undefined : known;
  };
  return {
    cosigner: key,
    logs,
    origins: [...new Set(verifiers.map((v) => v.name))],
    deps: { primitives, clock: systemClock, cosigner: key, store, logKeys },
    made,
    close: () => store.close(),
  };
}

function make(dir: string, name: string | undefined): Settings {
  const { key, memory } = files(dir);
  if (name === undefined)
    throw nodeError("node/not-a-witness", "there is no witness in this folder: make one with --name");
  if (!isKeyName(name))
    throw nodeError(
      "node/not-a-witness",
      "the name of a witness has no blanks and no plus, such as witness.example/w1",
    );
  makeFolder(dir);
  const ours = [key, memory, `${memory}-wal`, `${memory}-shm`, `${key}.new`];
  if (readdirSync(dir).some((file) => !ours.includes(join(dir, file))))
    throw nodeError("node/folder-not-empty", "the folder is not empty, and what it holds is not ours", { folder: dir });
  // A key without settings is from a start that was cut off: nobody has seen a signature by it.
  if (!existsSync(key)) makeKey(key);
  return { name, logs: [] };
}

function withLogs(before: readonly string[], added: readonly string[]): readonly string[] {
  const all = [...before];
  for (const text of added) {
    const verifier = parseVerifierKey(primitives, text.trim());
    if (!all.some((known) => sameVerifier(parseVerifierKey(primitives, known), verifier))) all.push(text.trim());
  }
  return all;
}

function readSettings(path: string): Settings | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { version, name, logs } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    if (version === 1 && typeof name === "string" && Array.isArray(logs) && logs.every((l) => typeof l === "string"))
      return { name, logs };
  } catch (problem) {
    const file = explainFile(problem, "witness.json cannot be read");
    if (file !== problem) throw file;
  }
  throw nodeError("node/not-a-witness", "witness.json cannot be understood: restore it from a copy");
}
