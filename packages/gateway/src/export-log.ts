/**
 * A log as plain files in the C2SP layout, readable by tools that nobody here wrote: `checkpoint`, `tile/…`,
 * `tile/entries/…`, and beside them `genesis.json`, `log.vkey` and `notes/…`: the signed checkpoint behind each block, with which
 * another member can import the log. It may be run again into the same folder: full tiles
 * that are there stay, and the checkpoint is written last, so the folder is a whole log at every moment.
 */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fromUtf8, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  encodeBundle,
  formatTilePath,
  genesisToJson,
  type LogReader,
  ledgerError,
  levelWidth,
  logVerifierKey,
  TILE_WIDTH,
  type TileId,
} from "@anamnesis/ledger";
import { gatewayError, systemCode } from "./errors.ts";
import { NOTES_PAGE, notesFile } from "./notes-file.ts";

export interface ExportOptions {
  readonly primitives: Primitives;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Exported {
  readonly size: number;
  readonly root: Uint8Array;
  /** Files written now, and full tiles that were already there. */
  readonly written: number;
  readonly kept: number;
}

/** A log that also gives the signed checkpoint behind each block, as a ledger's own reader does. */
export interface ExportedLog extends LogReader {
  notes?(sequence: number, count: number): readonly string[];
}

/**
 * @throws AnamnesisError `gateway/cannot-write`; `ledger/exists` when the folder holds another log; what reading throws.
 */
export async function exportLog(reader: ExportedLog, outDir: string, options: ExportOptions): Promise<Exported> {
  const { primitives, onProgress, signal } = options;
  const genesis = genesisToJson(reader.genesis);
  await refuseOtherLog(outDir, genesis);
  const { note, size, root } = await reader.checkpoint();
  const total = tileCount(size);
  let written = 0;
  let kept = 0;
  for (const id of tilesOf(size)) {
    signal?.throwIfAborted();
    if (await exportTile(reader, outDir, id)) written++;
    else kept++;
    onProgress?.(written + kept, total);
  }
  await exportNotes(reader, outDir, signal);
  await writeWhole(join(outDir, "genesis.json"), utf8(genesis));
  await writeWhole(join(outDir, "log.vkey"), utf8(`${logVerifierKey(primitives, reader.genesis)}\n`));
  await writeWhole(join(outDir, "checkpoint"), utf8(note));
  return { size, root, written, kept };
}

/** Every tile and bundle of a log of `size` leaves. */
function* tilesOf(size: number): Generator<TileId> {
  for (let level = 0; levelWidth(level, size) > 0; level++) {
    const width = levelWidth(level, size);
    for (let index = 0; index * TILE_WIDTH < width; index++) {
      const id = { level, index, width: Math.min(TILE_WIDTH, width - index * TILE_WIDTH) };
      yield id;
      if (level === 0) yield { ...id, level: "entries" };
    }
  }
}

function tileCount(size: number): number {
  let count = Math.ceil(size / TILE_WIDTH);
  for (let level = 0; levelWidth(level, size) > 0; level++) count += Math.ceil(levelWidth(level, size) / TILE_WIDTH);
  return count;
}

/** @returns whether it had to be written. */
async function exportTile(reader: LogReader, outDir: string, id: TileId): Promise<boolean> {
  const path = formatTilePath(id);
  const file = join(outDir, path);
  // Files appear whole or not at all, and a full tile never changes.
  if (id.width === TILE_WIDTH && (await exists(file))) return false;
  const data = await reader.tile(path);
  if (data === undefined) throw ledgerError("ledger/damaged-tile", `${path} is missing`, { path });
  await writeWhole(file, data);
  return true;
}

/** Pages of 256 by the number of their first block, as `/notes/<number>` over HTTP; a page that another one follows is full. */
async function exportNotes(reader: ExportedLog, outDir: string, signal: AbortSignal | undefined): Promise<void> {
  if (reader.notes === undefined) return;
  for (let first = 0; ; first += NOTES_PAGE) {
    signal?.throwIfAborted();
    if (await exists(notesFile(outDir, first + NOTES_PAGE))) continue;
    const notes = reader.notes(first, NOTES_PAGE);
    if (notes.length > 0) await writeWhole(notesFile(outDir, first), encodeBundle(notes.map((note) => utf8(note))));
    if (notes.length < NOTES_PAGE) return;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function refuseOtherLog(outDir: string, genesis: string): Promise<void> {
  let there: string;
  try {
    there = fromUtf8(await readFile(join(outDir, "genesis.json")));
  } catch {
    return;
  }
  if (there === genesis) return;
  throw ledgerError("ledger/exists", "the folder holds the export of another log: choose an empty one");
}

async function writeWhole(file: string, data: Uint8Array): Promise<void> {
  const draft = `${file}.new`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, data);
    await rename(draft, file);
  } catch (cause) {
    const code = systemCode(cause) ?? "unknown";
    const message = `the export cannot be written (${code}): check rights and space of the folder`;
    throw gatewayError("gateway/cannot-write", message, { code }, { cause });
  }
}
