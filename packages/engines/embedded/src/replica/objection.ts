/** What a replica has against a block that it was given, with everything that convicts its maker. */
import { AnamnesisError } from "@anamnesis/core";
import type { FoundBlock } from "@anamnesis/ledger";

/** A block as it stands in the log, and the checkpoint that the log's key signed right behind it. */
export interface LoggedBlock extends FoundBlock {
  /** Signed note of the tree whose last leaf is the block's. */
  readonly note: string;
}

/** The newest block that was right: where the replica stands. */
export interface PreviousBlock {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly stateRoot: Uint8Array;
}

export type Objection =
  /** Executing it upon the block before gives other leaves or another state, or it should not stand there at all. */
  | { readonly kind: "bad-block"; readonly block: LoggedBlock; readonly previous: PreviousBlock }
  /** The log's key signed this checkpoint, and it contradicts another one: the replica's own, or the one fetched with it. */
  | { readonly kind: "fork"; readonly note: string };

/** The orderer broke the rules: nothing behind this point is believed. */
export class BlockRefused extends AnamnesisError<"ledger/bad-block"> {
  readonly objection: Objection;

  constructor(why: string, objection: Objection) {
    const message = `${why}: what comes behind is refused, and what is here stays as it was. Show the evidence to the other members`;
    super("ledger/bad-block", message, { kind: objection.kind });
    this.objection = objection;
  }
}
