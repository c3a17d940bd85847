/** What a replica has against a block that it was given, with everything that convicts its maker. */
import { AnamnesisError } from "@anamnesis/core";
import type { FoundBlock } from "@anamnesis/ledger";

/** A block as it stands in the log, and the checkpoint that the log's key signed right behind it. */
export interface LoggedBlock extends FoundBlock {
  /** Signed note of the tree whose last leaf is the block's. */
  readonly note: string;
}

export type Objection =
  /** Executing it upon the block before gives other leaves or another state, or it should not stand there at all. */
  | { readonly kind: "bad-block"; readonly block: LoggedBlock; readonly previous: PreviousBlock }
  /** The log's key signed two trees of one size: this note, and the one that covers the leaves as they were fetched. */
  | { readonly kind: "fork"; readonly block: LoggedBlock; readonly size: number; readonly root: Uint8Array };

/** The newest block that was right: where the replica stands. */
export interface PreviousBlock {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly stateRoot: Uint8Array;
  readonly note: string;
}

/** The orderer broke the rules: nothing behind this point is believed. */
export class BlockRefused extends AnamnesisError<"ledger/bad-block"> {
  readonly objection: Objection;

  constructor(why: string, objection: Objection) {
    const { sequence } = objection.block;
    const message = `block ${sequence} is refused: ${why}; what is here stays as it was. Show the evidence to the other members`;
    super("ledger/bad-block", message, { block: sequence, kind: objection.kind });
    this.objection = objection;
  }
}
