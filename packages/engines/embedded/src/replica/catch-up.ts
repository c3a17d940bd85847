/** Bringing a replica up to a log that somebody serves: fetch, check against the signed checkpoint, execute, keep. */
import { AnamnesisError, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  type Checkpoint,
  type FoundBlock,
  foundBlocks,
  type Genesis,
  type LogSource,
  ledgerError,
  openCheckpoint,
  readLog,
  relate,
} from "@anamnesis/ledger";
import { Lot, type LotPace } from "./lot.ts";
import { BlockRefused, type Objection } from "./objection.ts";
import { createReplica, hasLedger, openReplica, type ReplicaOptions } from "./open.ts";
import type { Replica } from "./replica.ts";

/** A log that can be followed. Nothing it gives is believed. */
export interface FollowedLog extends LogSource {
  /** Signed checkpoints behind the blocks from `sequence` on: at least one if the log has that block, at most 256. */
  notes(sequence: number): Promise<readonly string[]>;
}

export interface CatchUpOptions {
  readonly primitives: Primitives;
  readonly signal: AbortSignal;
  /** Leaves that are here, and that the log has. */
  readonly onProgress?: (size: number, total: number) => void;
  /** For a process that must not stand still meanwhile. */
  readonly pace?: LotPace;
}

/** The replica of `options.dir`, founded from the log when there is none yet. @throws what founding, opening, fetching throw */
export async function openOrFound(options: ReplicaOptions, log: FollowedLog): Promise<Replica> {
  if (!hasLedger(options.dir)) {
    const [note] = await log.notes(0);
    if (note === undefined) throw ledgerError("ledger/no-ledger", "the log has no blocks yet: try again later");
    await createReplica(options, note);
  }
  return openReplica(options);
}

/** The last call for each replica. Two at once would apply the same block twice, and the second would blame the orderer. */
const turns = new WeakMap<Replica, Promise<unknown>>();

/**
 * Applies everything up to the log's newest checkpoint. Each lot is durable before the next one is fetched, so whatever ends it
 * costs one lot. Resolves with the checkpoint's size; a log that is behind the replica is left alone. Calls for the same replica
 * take turns.
 * @throws LogRefused `ledger/bad-block`; AnamnesisError `ledger/damaged-tile` for what was not fetched whole, `ledger/bad-checkpoint`, what
 *   fetching throws, the signal's reason
 */
export async function catchUp(replica: Replica, log: FollowedLog, options: CatchUpOptions): Promise<number> {
  const turn = (turns.get(replica) ?? Promise.resolve()).then(() => follow(replica, log, options));
  turns.set(
    replica,
    turn.catch(() => undefined),
  );
  return turn;
}

async function follow(replica: Replica, log: FollowedLog, options: CatchUpOptions): Promise<number> {
  const { primitives, signal, onProgress, pace } = options;
  const { note } = await log.checkpoint();
  const target = { ...openCheckpoint(primitives, note, replica.genesis), note };
  await requireContinuation(replica, log, primitives, target);
  if (target.size <= replica.newest.size) return target.size;
  const notes = new Notes(log, replica.newest.sequence + 1);
  const lot = new Lot(replica, pace);
  const keep = async (): Promise<void> => {
    await lot.keep();
    onProgress?.(replica.newest.size, target.size);
  };
  const entries = readLog(primitives, (path) => log.tile(path), target, replica.newest.size);
  try {
    try {
      for await (const block of foundBlocks(primitives, entries)) {
        signal.throwIfAborted();
        lot.add({ ...block, note: await notes.next(block, replica.genesis) });
        if (lot.isFull) await keep();
      }
    } finally {
      // Also when fetching ended early: what came whole is kept.
      await keep();
    }
  } catch (error) {
    throw error instanceof BlockRefused ? new LogRefused(error, target) : error;
  }
  return target.size;
}

export interface NotedCheckpoint extends Checkpoint {
  readonly note: string;
}

/** A log that contradicts itself or its rules, with the checkpoint under which it was fetched. */
export class LogRefused extends AnamnesisError<"ledger/bad-block"> {
  readonly objection: Objection;
  readonly target: NotedCheckpoint;

  constructor({ message, details, objection }: BlockRefused, target: NotedCheckpoint) {
    super("ledger/bad-block", message, details);
    this.objection = objection;
    this.target = target;
  }
}

/** The log may be behind the replica (a copy, a cache), but one of the two must be the beginning of the other. */
async function requireContinuation(
  { newest, reader, expected }: Replica,
  log: FollowedLog,
  p: Primitives,
  target: NotedCheckpoint,
): Promise<void> {
  const continues =
    target.size < newest.size
      ? equal(reader.rootAt(target.size), target.root)
      : (await relate(p, newest, target, (path) => log.tile(path))).kind !== "forked";
  if (!continues) {
    const why = `the log of ${target.size} leaves contradicts the ${newest.size} that are here`;
    throw new LogRefused(new BlockRefused(why, { kind: "fork", note: newest.note }), target);
  }
  // A log that is still behind what was seen before is asked again once it is not.
  if (expected === undefined || target.size < expected.size) return;
  const seen = await relate(p, expected, target, (path) => log.tile(path));
  if (seen.kind !== "forked") return;
  const why = `the log of ${target.size} leaves contradicts the ${expected.size} that were seen before this member was restored`;
  throw new LogRefused(new BlockRefused(why, { kind: "fork", note: expected.note }), target);
}

/** Signed checkpoints in the order of the blocks, fetched a page at a time. */
class Notes {
  readonly #log: FollowedLog;
  #next: number;
  #page: readonly string[] = [];
  #at = 0;

  constructor(log: FollowedLog, sequence: number) {
    this.#log = log;
    this.#next = sequence;
  }

  async next({ sequence }: FoundBlock, { chain }: Genesis): Promise<string> {
    if (this.#at >= this.#page.length) {
      this.#page = await this.#log.notes(this.#next);
      this.#at = 0;
    }
    const note = this.#page[this.#at];
    if (note === undefined) {
      const why = "the log gives no signed checkpoint for a block that it has: ask its orderer";
      throw ledgerError("ledger/bad-checkpoint", why, { block: sequence, chain });
    }
    this.#at++;
    this.#next++;
    return note;
  }
}
