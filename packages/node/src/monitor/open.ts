/** The folder of a monitor: the founding document it trusts, what it has seen, and evidence. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { equal } from "@anamnesis/core";
import {
  checkGenesis,
  encodeGenesis,
  type Genesis,
  genesisFromJson,
  genesisToJson,
  ledgerError,
  makeFork,
} from "@anamnesis/ledger";
import { explainFile } from "../errors.ts";
import { makeFolder, writeWhole } from "../folder/files.ts";
import { primitives } from "../system.ts";
import type { Verdict } from "./judge.ts";
import { MonitorMemory } from "./memory.ts";

export interface MonitorFolder {
  readonly dir: string;
  readonly genesis: Genesis;
  /** The founding document came from the log itself just now: nobody else vouches for it. */
  readonly firstUse: boolean;
  readonly memory: MonitorMemory;
  /** Folder of the replica, where blocks are executed again. */
  readonly ledger: string;
  writeFork(fork: Extract<Verdict, { kind: "fork" }>): string | null;
  close(): void;
}

/**
 * Opens the folder, and makes it when there is none. The founding document that it was made with stays the one it trusts.
 * @param given what the caller trusts; @param fetched the log's own, asked only when nothing else is known
 * @throws AnamnesisError `ledger/wrong-chain` when the folder is about another log, `ledger/no-ledger`, `ledger/bad-genesis`, `node/damaged-memory`,
 *   `node/no-access`, `node/disk-full`, what `fetched` throws
 */
export async function openMonitor(
  dir: string,
  given: Genesis | undefined,
  fetched: () => Promise<Genesis | undefined>,
): Promise<MonitorFolder> {
  const file = join(dir, "genesis.json");
  const pinned = existsSync(file) ? genesisFromJson(readFileSync(file, "utf8")) : undefined;
  if (pinned !== undefined && given !== undefined && !equal(encodeGenesis(pinned), encodeGenesis(given)))
    throw ledgerError("ledger/wrong-chain", "this folder watches another log: name another one with --dir");
  const genesis = pinned ?? given ?? (await fetched());
  if (genesis === undefined)
    throw ledgerError("ledger/no-ledger", "the log shows no genesis.json: give it with --genesis");
  checkGenesis(primitives, genesis);
  try {
    makeFolder(dir);
    if (pinned === undefined) writeWhole(file, genesisToJson(genesis), 0o644);
    const memory = new MonitorMemory(join(dir, "monitor.db"));
    return {
      ...{ dir, genesis, memory },
      firstUse: pinned === undefined && given === undefined,
      ledger: join(dir, "ledger"),
      writeFork: (fork) => writeFork(dir, genesis, fork),
      close: () => memory.close(),
    };
  } catch (problem) {
    throw explainFile(problem, "the folder of the monitor cannot be used");
  }
}

function writeFork(
  dir: string,
  genesis: Genesis,
  { older, newer, prefix }: Extract<Verdict, { kind: "fork" }>,
): string | null {
  // Two trees without leaves, one of them with a root of its own: wrong, but not the kind of wrong that the file can show.
  if (older.size === 0) return null;
  const evidence = makeFork({ primitives, genesis, links: [] }, older.note, newer.note, prefix);
  const folder = join(dir, "evidence");
  makeFolder(folder);
  const path = join(folder, `fork-${older.size}-${newer.size}.evidence`);
  writeWhole(path, evidence, 0o644);
  return path;
}
