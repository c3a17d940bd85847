/** The leaves of a log in order: founding document first, then blocks, each closed by its block leaf. */
import { equal } from "@anamnesis/core";
import { knownError, ledgerError } from "./errors.ts";
import { decodeEventHead, isEventLeaf } from "./event.ts";
import { encodeGenesis, type Genesis } from "./genesis.ts";
import { decodeLeaf, genesisLeaf, type Leaf } from "./leaf.ts";
import { BlockSignatures, type FoundBlock, type FoundCommand, foundCommand, Replay } from "./verify-block.ts";
import type { Problems, VerifyOptions } from "./verify-report.ts";
import { TableCheck } from "./verify-tables.ts";

/** A block is held in memory until it is checked; ours end at 4 MiB. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;

type CommandLeaf = Extract<Leaf, { type: "command" }>;
type BlockLeaf = Extract<Leaf, { type: "block" }>;

export class BlockChain {
  readonly genesis: Genesis;
  readonly #options: VerifyOptions;
  readonly #problems: Problems;
  readonly #signatures: BlockSignatures | undefined;
  readonly #replay: Replay | undefined;
  readonly #tables: TableCheck | undefined;
  commands = 0;
  events = 0;
  blocks = 0;
  #next = 0;
  #time = 0;
  #first = 0;
  /** Its leaves are not all there, so nothing of it can be checked: the block in which a pruned log begins. */
  #beheaded: boolean;
  #stateRoot: Uint8Array | undefined;
  #bytes = 0;
  #leaves: Uint8Array[] = [];
  #found: FoundCommand[] = [];
  #open: { readonly leaf: CommandLeaf; readonly index: number; readonly attachments: Uint8Array[] } | undefined;

  constructor(options: VerifyOptions, genesis: Genesis, problems: Problems) {
    const { primitives, contract, tables, pruned = 0 } = options;
    this.genesis = genesis;
    this.#options = options;
    this.#problems = problems;
    this.#beheaded = pruned > 0;
    if (contract === undefined || pruned > 0) this.#signatures = new BlockSignatures(primitives, genesis);
    else this.#replay = new Replay(primitives, contract, genesis);
    if (tables !== undefined) this.#tables = new TableCheck(primitives, tables, problems);
  }

  /** @throws AnamnesisError `ledger/malformed`, `ledger/too-large`: behind such a leaf nothing can be told apart. */
  leaf(index: number, bytes: Uint8Array): void {
    this.#leaves.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > BLOCK_BYTES_MAX) throw ledgerError("ledger/too-large", "a block has no end", at(index));
    const leaf = decode(bytes, index);
    if (this.#beheaded) return this.#skip(leaf, index);
    switch (leaf.type) {
      case "genesis":
        return this.#genesis(index, bytes);
      case "command":
        this.#closeCommand();
        this.#open = { leaf, index, attachments: [] };
        this.commands++;
        return;
      case "event":
        if (this.#open === undefined)
          throw ledgerError("ledger/malformed", "an event that no command covers", at(index));
        this.#open.attachments.push(bytes);
        this.events++;
        return;
      case "block":
        return this.#block(leaf, index);
    }
  }

  /** Commands whose signatures only a replay could check (see `LogReport.unfollowed`). */
  get unfollowed(): number {
    return this.#signatures?.unfollowed ?? 0;
  }

  end(): void {
    if (this.#leaves.length > 0)
      this.#add("ledger/bad-block", "the log does not end with a block leaf", `leaf ${this.#first}`);
    if (this.#replay !== undefined) this.#tables?.state(this.#replay);
    else if (this.#stateRoot !== undefined) this.#tables?.stateUnder(this.#stateRoot);
    this.#tables?.end();
  }

  #skip(leaf: ChainLeaf, index: number): void {
    this.#leaves = [];
    this.#bytes = 0;
    if (leaf.type !== "block") return;
    this.#beheaded = false;
    this.#next = leaf.sequence + 1;
    this.#time = leaf.time;
    this.#first = index + 1;
    this.#stateRoot = leaf.stateRoot;
    this.#tables?.skip(this.#next, this.#first);
  }

  #genesis(index: number, bytes: Uint8Array): void {
    if (index !== 0) this.#add("ledger/bad-block", "a second founding document", `leaf ${index}`);
    else if (!equal(bytes, genesisLeaf(encodeGenesis(this.genesis)))) {
      this.#add("ledger/wrong-chain", "the log has another founding document than the one trusted", "leaf 0");
    }
  }

  #closeCommand(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    try {
      this.#found.push(foundCommand(this.#options.primitives, open.leaf, open.index, open.attachments));
    } catch (error) {
      const known = knownError(error);
      if (known === undefined) throw error;
      this.#add(known.code, known.message, `leaf ${open.index}`);
    }
  }

  #block({ sequence, time, stateRoot }: BlockLeaf, index: number): void {
    this.#closeCommand();
    const where = `leaf ${index}`;
    if (sequence !== this.#next)
      this.#add("ledger/bad-block", `block ${sequence} stands where ${this.#next} belongs`, where);
    if (time < this.#time)
      this.#add("ledger/bad-block", "the block's time lies before that of the one before it", where);
    const block = { sequence, time, first: this.#first, leaves: this.#leaves, stateRoot, commands: this.#found };
    this.#check(block);
    this.blocks++;
    this.#next++;
    if (this.#options.pruned !== undefined && this.#options.pruned > 0) this.#stateRoot = stateRoot;
    this.#time = Math.max(time, this.#time);
    this.#first = index + 1;
    this.#bytes = 0;
    this.#leaves = [];
    this.#found = [];
  }

  #check(block: FoundBlock): void {
    this.#signatures?.check(block, this.#problems);
    this.#replay?.check(block, this.#problems);
    this.#tables?.block(block);
  }

  #add(code: string, message: string, where: string): void {
    this.#problems.add(code, message, where);
  }
}

const at = (index: number) => ({ where: `leaf ${index}` });

/** Events are many, and only their form matters here: their content is the contract's business. */
type ChainLeaf = Exclude<Leaf, { type: "event" }> | { readonly type: "event" };

function decode(bytes: Uint8Array, index: number): ChainLeaf {
  try {
    if (!isEventLeaf(bytes)) return decodeLeaf(bytes);
    decodeEventHead(bytes);
    return { type: "event" };
  } catch (cause) {
    throw ledgerError("ledger/malformed", "a leaf cannot be read", at(index), { cause });
  }
}
