/** The log that `log verify` was pointed at: a URL, an exported folder or a data folder. */
import { existsSync } from "node:fs";
import { fromUtf8 } from "@anamnesis/core";
import { type FetchedLog, fileFetcher, httpFetcher } from "@anamnesis/gateway";
import {
  type FetchTile,
  type Genesis,
  genesisFromJson,
  ledgerError,
  logVerifier,
  type NoteVerifier,
} from "@anamnesis/ledger";
import {
  isSnapshot,
  type LogCheckOptions,
  openFolder,
  openLog,
  openSnapshot,
  primitives,
  verifyFolderLog,
  verifyForeignLog,
  verifySnapshot,
} from "@anamnesis/node";
import { cliError } from "./errors.ts";
import { readIfThere, readNamedFile } from "./files.ts";

export interface LogName {
  readonly dir?: string;
  readonly url?: string;
  readonly genesis?: string;
  readonly token?: string;
  /** Folder of an export with entries that the ledger has dropped. */
  readonly archive?: string;
}

export interface NamedLog {
  verify(options: LogCheckOptions): ReturnType<typeof verifyForeignLog>;
  /** Signed checkpoints that may carry cosignatures of witnesses. */
  notes(): Promise<readonly string[]>;
  /** Who must have signed them. */
  verifier(): Promise<NoteVerifier>;
  readonly tile: FetchTile;
}

/** @throws AnamnesisError `cli/usage`, `cli/unreadable-file`, what opening a folder throws */
export function logNamed({ dir, url, genesis: file, token, archive }: LogName): NamedLog {
  const genesis = file === undefined ? undefined : genesisFromJson(fromUtf8(readNamedFile(file)));
  if ((dir === undefined) === (url === undefined)) throw cliError("cli/usage", "give either --dir or --url");
  if (url !== undefined) return foreign(httpFetcher(url, token === undefined ? {} : { entriesToken: token }), genesis);
  // An exported folder is a log as well.
  if (existsSync(`${dir}/checkpoint`)) return foreign(fileFetcher(dir ?? ""), genesis);
  return isSnapshot(dir ?? "") ? snapshot(dir ?? "", genesis) : own(dir ?? "", archive);
}

function foreign(source: FetchedLog, genesis: Genesis | undefined): NamedLog {
  return {
    verify: (options) => verifyForeignLog(source, genesis, options),
    async notes() {
      const witnessed = await source.witnessed();
      const { note } = await source.checkpoint();
      return witnessed === undefined ? [note] : [witnessed, note];
    },
    async verifier() {
      const known = genesis ?? (await source.genesis());
      if (known === undefined)
        throw ledgerError("ledger/no-ledger", "the log shows no genesis.json: give it with --genesis");
      return logVerifier(primitives, known);
    },
    tile: (path) => source.tile(path),
  };
}

type Reader = Awaited<ReturnType<typeof openLog>>;

/** Whom a snapshot's notes are by, its own founding document says. */
function snapshot(dir: string, genesis: Genesis | undefined): NamedLog {
  const read = <T>(work: (reader: Reader) => T | Promise<T>) => reading(openSnapshot(dir), work);
  return {
    verify: (options) => verifySnapshot(dir, genesis, options),
    notes: () => read(async (reader) => [(await reader.checkpoint()).note]),
    verifier: () => read((reader) => logVerifier(primitives, genesis ?? reader.genesis)),
    tile: (path) => read((reader) => reader.tile(path)),
  };
}

async function reading<T>(opening: Promise<Reader>, work: (reader: Reader) => T | Promise<T>): Promise<T> {
  const reader = await opening;
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

function own(dir: string, archive: string | undefined): NamedLog {
  const folder = openFolder(dir);
  const files = archive === undefined ? undefined : fileFetcher(archive);
  return {
    verify: (options) => verifyFolderLog(folder, { ...options, ...(files && { archive: files.tile }) }),
    notes() {
      const witnessed = readIfThere(folder.layout.witnessed);
      return Promise.resolve(witnessed === undefined ? [] : [fromUtf8(witnessed)]);
    },
    verifier: () => Promise.resolve(logVerifier(primitives, folder.genesis)),
    tile: (path) => reading(openLog(folder), (reader) => reader.tile(path)),
  };
}
