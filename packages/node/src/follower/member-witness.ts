/** A member as a witness (ADR 0012, point 5): it cosigns what it has executed itself, and nothing else. */
import { equal } from "@anamnesis/core";
import {
  type Checkpoint,
  type Cosigner,
  cosigner,
  cosignerName,
  logOrigin,
  logVerifier,
  type WitnessDeps,
  type WitnessStore,
} from "@anamnesis/ledger";
import { cosignerSeed, type Folder } from "../folder/folder.ts";
import { primitives, systemClock } from "../system.ts";

export interface Vouching {
  /** Waits a moment for the replica to get there. @returns whether it has at least `size` leaves */
  reach(size: number): Promise<boolean>;
  /** Root of the first `size` leaves as they were executed here. */
  rootAt(size: number): Uint8Array;
  /** Told every note that the log's key signed. */
  seen?(note: string, checkpoint: Checkpoint): void;
}

const memberCosigner = (folder: Folder): Cosigner =>
  cosigner(primitives, cosignerName(folder.config.chain, folder.config.organisation), cosignerSeed(folder));

/** @throws AnamnesisError `node/bad-key-file` */
export function memberWitness(folder: Folder, store: WitnessStore, vouching: Vouching): WitnessDeps {
  const { genesis } = folder;
  const origin = logOrigin(genesis.chain);
  return {
    ...{ primitives, clock: systemClock, cosigner: memberCosigner(folder), store },
    logKeys: (of) => (of === origin ? [logVerifier(primitives, genesis)] : undefined),
    async vouches(checkpoint) {
      if (!(await vouching.reach(checkpoint.size))) return "wait";
      return equal(vouching.rootAt(checkpoint.size), checkpoint.root) ? "yes" : "no";
    },
    ...(vouching.seen === undefined ? {} : { seen: vouching.seen }),
  };
}
