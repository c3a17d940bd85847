/**
 * A block that breaks the rules. The file holds the block, the block leaf before it, proof that both stand in a log that its
 * key signed, and as much of the state before as executing the block touches. The reader executes it and sees.
 *
 *     BadBlock = [ note: text, first: uint, leaves: [ bytes, … ], path: bytes(32·k), nodes: [ bytes(65), … ], values: [ bytes, … ] ]
 *
 * `leaves` begin at log index `first` with the block leaf before (`first` = 0: with the founding document). The rules are those
 * of the reader's version: spec/log.md says what that means.
 */
import { asBytesUpTo, asList, asText, asTuple, asUint, type Cbor, concat, equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Contract, StateReader } from "../contract.ts";
import { knownError } from "../errors.ts";
import { encodeGenesis, type Genesis } from "../genesis.ts";
import { decodeLeaf, genesisLeaf } from "../leaf.ts";
import { type HashReader, leafHashes, sameHash } from "../merkle.ts";
import { NOTE_LIMITS } from "../note-format.ts";
import { asPath } from "../path.ts";
import type { BlockLeaf } from "../proved-state.ts";
import { RANGE_PATH_MAX, rangePath, rootFromRange } from "../range-proof.ts";
import { EMPTY_STATE, type StateNodeStore } from "../state-tree.ts";
import { LIMITS } from "../transaction.ts";
import { encodeEvidence } from "./file.ts";
import { type Accuser, acquitted, envelope, type Ground, signedByLog } from "./ground.ts";
import { type BlockFault, judgeBlock } from "./judge-block.ts";
import { PartialState, StateRecorder, type StateWitness, whole } from "./partial-state.ts";

export interface BadBlockFinding {
  readonly kind: "bad-block";
  readonly logKey: Uint8Array;
  readonly fault: BlockFault;
  /** Its leaves in the log, `[from, to)`. */
  readonly from: number;
  readonly to: number;
}

/** A block as a follower finds it, standing right behind the last one that was right. */
export interface SuspectBlock {
  /** Checkpoint of the log, signed by its key, that covers the block. */
  readonly note: string;
  /** Leaves under that checkpoint. */
  readonly size: number;
  /** The block leaf before it and its log index; undefined for the founding block. */
  readonly previous: { readonly leaf: Uint8Array; readonly index: number } | undefined;
  /** All its leaves, the block leaf included. */
  readonly leaves: readonly Uint8Array[];
  /** The checkpoint's tree; asked only for what lies before `previous` and behind the block. */
  readonly tree: HashReader;
  /** The state before the block. Nothing is written to it. */
  readonly state: StateReader;
  readonly nodes: StateNodeStore;
}

const LEAVES_MAX = 1_000_000;
const NODES_MAX = 1_000_000;
const VALUE_BYTES_MAX = 16 * 1024 * 1024;

/** @throws AnamnesisError `ledger/bad-evidence` when the block is right after all, `ledger/too-large` */
export function makeBadBlock(accuser: Accuser, contract: Contract, suspect: SuspectBlock): Uint8Array {
  const { primitives: p, genesis } = accuser;
  const { note, size, previous, leaves, tree, state, nodes } = suspect;
  const before = previous === undefined ? undefined : asBlock(previous.leaf);
  const recorder = new StateRecorder(p, { state, nodes, root: before?.stateRoot ?? EMPTY_STATE });
  const accused = { genesis, previous: before, leaves, state: recorder.state, nodes: recorder.nodes };
  if (judgeBlock(p, contract, accused) === undefined) throw acquitted("the block follows from the rules");
  const first = previous?.index ?? 0;
  const run = previous === undefined ? leaves : [previous.leaf, ...leaves];
  const path = concat(...rangePath(p, tree, first, first + run.length, size));
  const { witness } = recorder;
  const content = [note, first, run, path, witness.nodes, witness.values];
  return encodeEvidence({ ...envelope(accuser), kind: "bad-block", content });
}

/** @throws AnamnesisError `ledger/bad-evidence`, `ledger/bad-checkpoint`, `ledger/malformed`, `core/bad-encoding` */
export function checkBadBlock(p: Primitives, contract: Contract, ground: Ground, content: Cbor): BadBlockFinding {
  const { note, first, run, path, witness } = read(content);
  const { checkpoint, logKey } = signedByLog(p, ground, note);
  const { size } = checkpoint;
  if (!sameHash(rootFromRange(p, leafHashes(p, run), first, size, path), checkpoint.root)) {
    throw acquitted("these leaves do not stand in the log at that place");
  }
  const previous = first === 0 ? undefined : asBlock(run[0]);
  const leaves = previous === undefined ? run : run.slice(1);
  const to = first + run.length;
  if (leaves.slice(0, -1).some(isBlock)) throw acquitted("it holds more than one block");
  if (!isBlock(leaves.at(-1)) && to < size) throw acquitted("it leaves out the end of the block");
  const state = new PartialState(p, previous?.stateRoot ?? EMPTY_STATE, witness);
  const { genesis } = ground;
  if (first === 0) requireSameFounding(genesis, leaves[0]);
  const fault = whole(() => judgeBlock(p, contract, { genesis, previous, leaves, state, nodes: state.nodes }));
  if (state.incomplete) throw acquitted("it leaves out a part of the state that the block reads");
  if (fault === undefined) throw acquitted("the block follows from the rules");
  return { kind: "bad-block", logKey, fault, from: to - leaves.length, to };
}

const isBlock = (leaf: Uint8Array | undefined): boolean => leaf !== undefined && blockOf(leaf) !== undefined;

/** The leaf as a block leaf; it may be anything that the accused wrote. */
function blockOf(bytes: Uint8Array): BlockLeaf | undefined {
  // Block leaves are lists of four that begin with 0 (spec/encoding.md): most leaves need not be read for that.
  if (bytes[0] !== 0x84 || bytes[1] !== 0) return undefined;
  try {
    const leaf = decodeLeaf(bytes);
    return leaf.type === "block" ? leaf : undefined;
  } catch (error) {
    if (knownError(error) === undefined) throw error;
    return undefined;
  }
}

function asBlock(bytes: Uint8Array | undefined): BlockLeaf {
  const block = bytes === undefined ? undefined : blockOf(bytes);
  if (block === undefined) throw acquitted("what stands before the block is no block leaf");
  return block;
}

/** Anybody can make a founding document that names this log's key: that the log has another one convicts nobody. */
function requireSameFounding(genesis: Genesis, leaf: Uint8Array | undefined): void {
  if (leaf !== undefined && isGenesisLeaf(leaf) && !equal(leaf, genesisLeaf(encodeGenesis(genesis)))) {
    throw acquitted("the log has another founding document than the file");
  }
}

const isGenesisLeaf = (leaf: Uint8Array): boolean => leaf[0] === 0x82 && leaf[1] === 3;

function read(content: Cbor) {
  const [note, first, leaves, path, nodes, values] = asTuple(content, 6, "bad block");
  const bytes = (value: Cbor | undefined, count: number, max: number, what: string) =>
    asList(value, count, what).map((each) => asBytesUpTo(each, max, what));
  const witness: StateWitness = {
    nodes: bytes(nodes, NODES_MAX, 65, "nodes"),
    values: bytes(values, NODES_MAX, VALUE_BYTES_MAX, "values"),
  };
  return {
    note: asText(note, NOTE_LIMITS.noteBytes, "note"),
    first: asUint(first, "first"),
    run: bytes(leaves, LEAVES_MAX, LIMITS.leafBytes, "leaves"),
    path: asPath(path, "path", RANGE_PATH_MAX),
    witness,
  };
}
