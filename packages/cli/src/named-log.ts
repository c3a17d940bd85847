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
  type LogCheckOptions,
  openFolder,
  openLog,
  primitives,
  verifyFolderLog,
  verifyForeignLog,
} from "@anamnesis/node";
import { cliError } from "./errors.ts";
import { readIfThere, readNamedFile } from "./files.ts";

export interface LogName {
  readonly dir?: string;
  readonly url?: string;
  readonly genesis?: string;
  readonly token?: string;
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
export function logNamed({ dir, url, genesis: file, token }: LogName): NamedLog {
  const genesis = file === undefined ? undefined : genesisFromJson(fromUtf8(readNamedFile(file)));
  if ((dir === undefined) === (url === undefined)) throw cliError("cli/usage", "give either --dir or --url");
  if (url !== undefined) return foreign(httpFetcher(url, token === undefined ? {} : { entriesToken: token }), genesis);
  // An exported folder is a log as well.
  return existsSync(`${dir}/checkpoint`) ? foreign(fileFetcher(dir ?? ""), genesis) : own(dir ?? "");
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

function own(dir: string): NamedLog {
  const folder = openFolder(dir);
  return {
    verify: (options) => verifyFolderLog(folder, options),
    notes() {
      const witnessed = readIfThere(folder.layout.witnessed);
      return Promise.resolve(witnessed === undefined ? [] : [fromUtf8(witnessed)]);
    },
    verifier: () => Promise.resolve(logVerifier(primitives, folder.genesis)),
    async tile(path) {
      const reader = await openLog(folder);
      try {
        return await reader.tile(path);
      } finally {
        await reader.close();
      }
    },
  };
}
