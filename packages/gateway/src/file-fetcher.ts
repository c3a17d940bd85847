/** A log as plain files in a folder, as `log export` writes it. */
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { fromUtf8 } from "@anamnesis/core";
import {
  decodeBundle,
  type Genesis,
  genesisFromJson,
  type LogSource,
  ledgerError,
  parseTilePath,
} from "@anamnesis/ledger";
import { gatewayError, systemCode } from "./errors.ts";
import { NOTES_PAGE, notesFile } from "./notes-file.ts";

/** A log that can be fetched: what verification needs, and its founding document if it lies beside. */
export interface FetchedLog extends LogSource {
  genesis(): Promise<Genesis | undefined>;
  /** The newest checkpoint that outside witnesses cosigned, as a signed note, if there is one. */
  witnessed(): Promise<string | undefined>;
}

/** Also the signed checkpoint behind each block: what a member follows or imports. */
export interface NotedLog extends FetchedLog {
  /** Signed notes behind the blocks from `sequence` on: at most 256, none when the log ends before it. */
  notes(sequence: number): Promise<readonly string[]>;
}

/** Larger than any tile, bundle, checkpoint or genesis document of a log. */
export const FETCH_BYTES_MAX = 32 * 1024 * 1024;

export function fileFetcher(dir: string): NotedLog {
  return {
    async checkpoint() {
      const note = await readLimited(join(dir, "checkpoint"));
      if (note === undefined)
        throw ledgerError("ledger/no-ledger", "the folder holds no `checkpoint`: not an exported log");
      return { note: textOf(note, "the checkpoint") };
    },
    async tile(path) {
      // Parsing first: a path of another form could lead out of the folder.
      parseTilePath(path);
      return readLimited(join(dir, path));
    },
    async notes(sequence) {
      const first = sequence - (sequence % NOTES_PAGE);
      const page = await readLimited(notesFile(dir, first));
      const notes = page === undefined ? [] : decodeBundle(page).slice(sequence - first);
      return notes.map((note) => textOf(note, "a signed checkpoint"));
    },
    async genesis() {
      const json = await readLimited(join(dir, "genesis.json"));
      return json === undefined ? undefined : genesisFromJson(textOf(json, "genesis.json"));
    },
    async witnessed() {
      const note = await readLimited(join(dir, "witnessed"));
      return note === undefined ? undefined : textOf(note, "the witnessed checkpoint");
    },
  };
}

export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw ledgerError("ledger/malformed", `${what} is not UTF-8`);
  }
}

async function readLimited(file: string): Promise<Uint8Array | undefined> {
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    // Asked before opening: a pipe would keep us waiting, and a device never ends.
    const found = await stat(file);
    if (!found.isFile()) throw ledgerError("ledger/malformed", "the log's folder holds something else than files");
    handle = await open(file);
    const { size } = await handle.stat();
    if (size > FETCH_BYTES_MAX)
      throw gatewayError("gateway/too-large", `a file of the log has ${size} bytes`, { size });
    // A plain array: a Buffer's `slice` shares its bytes, which nobody here expects.
    return new Uint8Array(await handle.readFile());
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  } finally {
    await handle?.close();
  }
}
