/** The blocks of a log, gathered from its leaves one by one: what a replica executes again. */

import type { Primitives } from "@anamnesis/crypto";
import { ledgerError } from "./errors.ts";
import { isEventLeaf } from "./event.ts";
import { decodeLeaf, type Leaf } from "./leaf.ts";
import type { LogEntry } from "./tlog-reader.ts";
import { type FoundBlock, type FoundCommand, foundCommand } from "./verify-block.ts";

export type { FoundBlock, FoundCommand } from "./verify-block.ts";

/** A block is held in memory until its last leaf is there; those of our engines end far below. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;

interface OpenCommand {
  readonly leaf: Extract<Leaf, { type: "command" }>;
  readonly index: number;
  readonly attachments: Uint8Array[];
}

/**
 * Blocks in the order of the log. Nothing but the form is checked: who executes them finds out the rest. Leaves behind the
 * last block leaf are not given out.
 * @param entries leaves in order, checked against the tree, beginning with the first one of a block
 * @throws AnamnesisError `ledger/malformed`, `ledger/too-large`, `core/bad-encoding`
 */
export async function* foundBlocks(p: Primitives, entries: AsyncIterable<LogEntry>): AsyncGenerator<FoundBlock> {
  const gatherer = new Gatherer(p);
  for await (const { index, leaf } of entries) {
    const block = gatherer.leaf(index, leaf);
    if (block !== undefined) yield block;
  }
}

class Gatherer {
  readonly #p: Primitives;
  #leaves: Uint8Array[] = [];
  #bytes = 0;
  #commands: FoundCommand[] = [];
  #open: OpenCommand | undefined;

  constructor(p: Primitives) {
    this.#p = p;
  }

  leaf(index: number, bytes: Uint8Array): FoundBlock | undefined {
    this.#leaves.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > BLOCK_BYTES_MAX) throw ledgerError("ledger/too-large", "a block has no end", { leaf: index });
    if (isEventLeaf(bytes)) {
      if (this.#open === undefined) throw malformed("an event that no command covers", index);
      this.#open.attachments.push(bytes);
      return undefined;
    }
    const leaf = decodeLeaf(bytes);
    if (leaf.type === "block") return this.#block(leaf, index);
    this.#closeCommand();
    if (leaf.type === "command") this.#open = { leaf, index, attachments: [] };
    else if (index !== 0) throw malformed("a second founding document", index);
    return undefined;
  }

  #closeCommand(): void {
    if (this.#open === undefined) return;
    const { leaf, index, attachments } = this.#open;
    this.#open = undefined;
    this.#commands.push(foundCommand(this.#p, leaf, index, attachments));
  }

  #block({ sequence, time, stateRoot }: Extract<Leaf, { type: "block" }>, index: number): FoundBlock {
    this.#closeCommand();
    const leaves = this.#leaves;
    const commands = this.#commands;
    this.#leaves = [];
    this.#commands = [];
    this.#bytes = 0;
    return { sequence, time, first: index + 1 - leaves.length, leaves, stateRoot, commands };
  }
}

const malformed = (why: string, index: number) => ledgerError("ledger/malformed", why, { leaf: index });
