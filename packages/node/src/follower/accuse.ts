/** Writing down what convicts the orderer, in a form that anybody checks alone (`anamnesis proof check`). */
import { join } from "node:path";
import { contract } from "@anamnesis/contracts";
import { equal } from "@anamnesis/core";
import type { LogRefused, Replica } from "@anamnesis/embedded";
import {
  type Accuser,
  type FetchTile,
  fromTiles,
  type Genesis,
  ledgerError,
  makeBadBlock,
  makeFork,
  openCheckpoint,
  relate,
  type SealedState,
} from "@anamnesis/ledger";
import { makeFolder, writeWhole } from "../folder/files.ts";
import { primitives } from "../system.ts";

export interface Accusation {
  readonly genesis: Genesis;
  /** Trust chain up to the log key that signed what is held against it. */
  readonly links: readonly SealedState[];
  /** Tiles of the log as it was fetched. */
  readonly tile: FetchTile;
  readonly replica: Replica;
}

/** The evidence file's bytes. @throws AnamnesisError `ledger/bad-evidence` when nobody is convicted, what fetching throws */
export async function accuse({ objection, target }: LogRefused, given: Accusation): Promise<Uint8Array> {
  if (objection.kind === "fork") return forkEvidence(objection.note, target.note, given);
  const { genesis, links, replica, tile } = given;
  const { previous, block } = objection;
  const { note, size } = target;
  const { state, nodes } = replica;
  const accuser: Accuser = { primitives, genesis, links };
  return fromTiles(primitives, tile, size, (tree) =>
    makeBadBlock(accuser, contract, { note, size, previous, leaves: block.leaves, tree, state, nodes }),
  );
}

/** Whether the log's key signed a tree that is not the one here, as far as this one reaches. */
export function contradicts(note: string, { genesis, replica }: Pick<Accusation, "genesis" | "replica">): boolean {
  const { size, root } = openCheckpoint(primitives, note, genesis);
  const { newest, reader } = replica;
  return size > 0 && size <= newest.size && !equal(reader.rootAt(size), root);
}

/** Evidence against who signed a note that contradicts the replica. */
export function contradiction(note: string, given: Omit<Accusation, "tile">): Promise<Uint8Array> {
  const { newest, reader } = given.replica;
  return forkEvidence(note, newest.note, { ...given, tile: (path) => reader.tile(path) });
}

/** @param first and @param second signed notes of the same log, in either order; tiles are those of the larger one */
async function forkEvidence(
  first: string,
  second: string,
  { genesis, links, replica, tile }: Accusation,
): Promise<Uint8Array> {
  const notes = [first, second].map((note) => ({ ...openCheckpoint(primitives, note, genesis), note }));
  const [older, newer] = notes.toSorted((a, b) => a.size - b.size);
  if (older === undefined || newer === undefined) throw ledgerError("ledger/bad-evidence", "two notes are needed");
  const ours = newer.note === replica.newest.note;
  const relation = await relate(primitives, older, newer, ours ? (path) => replica.reader.tile(path) : tile);
  if (relation.kind !== "forked") throw ledgerError("ledger/bad-evidence", "the two checkpoints do not contradict");
  const prefix = { root: relation.prefix?.root ?? newer.root, path: relation.prefix?.proof ?? [] };
  return makeFork({ primitives, genesis, links }, older.note, newer.note, prefix);
}

/** Puts the file under `evidence/` of the data folder. @param label tells it from others of its kind @returns its path */
export function keepEvidence(dir: string, kind: string, label: number | string, evidence: Uint8Array): string {
  const folder = join(dir, "evidence");
  makeFolder(folder);
  const path = join(folder, `${kind}-${label}.evidence`);
  writeWhole(path, evidence, 0o644);
  return path;
}
