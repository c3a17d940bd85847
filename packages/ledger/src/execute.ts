/**
 * Executing a block: the rules that hold for every kind of transaction, around the contract's own. Both engines and every
 * verifier that replays a log run this one function, so equal blocks give equal leaves and equal roots.
 */
import { asUint, type ChainId, concat, decode, encode, invariant, toHex } from "@anamnesis/core";
import { type Primitives, type PurePrimitives, purePrimitives, suiteOf } from "@anamnesis/crypto";
import { type Context, type Contract, noncePath, RANGE_MAX, type Refusal, type StateReader } from "./contract.ts";
import { encodeGenesis, type Genesis } from "./genesis.ts";
import { blockLeaf, commandLeaf, genesisLeaf } from "./leaf.ts";
import { decodeMemberKey, type KeyStatus, memberKeyPath } from "./member-key.ts";
import { leafHash } from "./merkle.ts";
import { checkCommand, notRefused, REFUSE_KIND, refusedIn } from "./refuse.ts";
import { type Signature, type SignedTransaction, signedMessage } from "./transaction.ts";

export interface Block {
  readonly sequence: number;
  /** Agreed time, ms since 1970. */
  readonly time: number;
  readonly transactions: readonly SignedTransaction[];
}

export interface Host {
  readonly primitives: Primitives;
  readonly contract: Contract;
  readonly chain: ChainId;
  readonly state: StateReader;
  /** Answers whether a transaction's signatures were already verified on this node (by id); avoids checking twice. */
  readonly verified?: (id: Uint8Array) => boolean;
}

export type TransactionResult =
  /** `offset` of the command leaf in the block's leaves, and how many leaves the transaction has with it. */
  | { readonly accepted: true; readonly offset: number; readonly count: number }
  | { readonly accepted: false; readonly refusal: Refusal };

export interface Execution {
  readonly leaves: readonly Uint8Array[];
  /** RFC 6962 leaf hashes of `leaves`, 32 bytes each, packed. */
  readonly hashes: Uint8Array;
  readonly results: readonly TransactionResult[];
  /** Changes of state in the order of their first write; `undefined` = deleted. */
  readonly changes: ReadonlyMap<string, Uint8Array | undefined>;
}

/** Runs all transactions. The caller updates the state tree with `changes` and then appends `closeBlock`. */
export function executeBlock(host: Host, block: Block): Execution {
  const run = new Run(host, block);
  const results = block.transactions.map((transaction) => run.transaction(transaction));
  return run.execution(results);
}

/** The founding block: sequence 0, one genesis leaf. */
export function executeGenesis(host: Host, genesis: Genesis): Execution {
  const run = new Run(host, { sequence: 0, time: genesis.time });
  run.append(genesisLeaf(encodeGenesis(genesis)));
  host.contract.genesis(run.context([]), genesis);
  return run.execution([]);
}

/** The execution with the block leaf behind it. A block without leaves changed nothing and must not be closed. */
export function closeBlock(
  p: Primitives,
  execution: Execution,
  block: Omit<Block, "transactions">,
  stateRoot: Uint8Array,
): Execution {
  invariant(execution.leaves.length > 0, "only a block that changes something is closed");
  const leaf = blockLeaf(block.sequence, block.time, stateRoot);
  return {
    ...execution,
    leaves: [...execution.leaves, leaf],
    hashes: concat(execution.hashes, leafHash(p, leaf)),
  };
}

/** What stood under the keys that a transaction wrote; `null` = the block had not touched the key. */
type Before = Map<string, Uint8Array | undefined | null>;

/** Where a transaction began. */
interface Mark {
  readonly leaves: number;
  readonly hashes: number;
  readonly before: Before;
}

class Run {
  readonly #host: Host;
  readonly #primitives: PurePrimitives;
  readonly #sequence: number;
  readonly #time: number;
  readonly leaves: Uint8Array[] = [];
  readonly #hashes: Uint8Array[] = [];
  readonly changes = new Map<string, Uint8Array | undefined>();

  constructor(host: Host, { sequence, time }: Pick<Block, "sequence" | "time">) {
    this.#host = host;
    this.#primitives = purePrimitives(host.primitives);
    this.#sequence = sequence;
    this.#time = time;
  }

  append(leaf: Uint8Array): void {
    this.leaves.push(leaf);
    this.#hashes.push(leafHash(this.#host.primitives, leaf));
  }

  execution(results: readonly TransactionResult[]): Execution {
    const hashes = concat(...this.#hashes);
    invariant(hashes.length === 32 * this.leaves.length, "each leaf comes with its hash");
    return { leaves: this.leaves, hashes, results, changes: this.changes };
  }

  get(key: string): Uint8Array | undefined {
    return this.changes.has(key) ? this.changes.get(key) : this.#host.state.get(key);
  }

  transaction(tx: SignedTransaction): TransactionResult {
    const mark = this.#mark();
    const refusal = this.#execute(tx, mark.before);
    if (refusal === null) return { accepted: true, offset: mark.leaves, count: this.leaves.length - mark.leaves };
    this.#undo(mark);
    return { accepted: false, refusal };
  }

  /** Whoever calls takes back what a refused one did. */
  #execute(tx: SignedTransaction, before: Before): Refusal | null {
    const { primitives, contract } = this.#host;
    const signers = this.#admit(tx);
    if ("code" in signers) return signers;
    const malformed = checkCommand(primitives, contract, tx);
    if (malformed !== null) return malformed;
    this.append(commandLeaf(tx.bytes, tx.signatures));
    const context = this.context(signers, before);
    const isRefusal = tx.transaction.kind === REFUSE_KIND;
    const refusal = isRefusal ? this.#refuse(context, tx) : contract.handle(context, tx);
    // A key that refuses what it signed itself under a later nonce has passed that one already.
    if (refusal === null && !this.#isUsed(tx)) context.put(noncePath(firstKey(tx)), encode(tx.transaction.nonce));
    return refusal;
  }

  /** `ledger.refuse` (refuse.ts): holds only where the transaction in it is refused, now and not for being late. */
  #refuse(context: Context, tx: SignedTransaction): Refusal | null {
    const { primitives, contract } = this.#host;
    const inner = refusedIn(primitives, contract, tx);
    if ("code" in inner) return inner;
    const { nonce, expires } = inner.transaction;
    if (expires * 1000 <= this.#time) return notRefused("lateness is no reason to refuse a transaction");
    if (this.#isUsed(inner)) return notRefused("its key already used that nonce or a later one");
    if (!this.#isSigned(inner)) return notRefused("its first signature is not that of a member's key");
    const mark = this.#mark();
    const refusal = this.#execute(inner, mark.before);
    this.#undo(mark);
    if (refusal === null) return notRefused("it would be executed here");
    context.put(noncePath(firstKey(inner)), encode(nonce));
    return null;
  }

  /** By the acting key, whatever became of it since. */
  #isSigned({ id, signatures: [first] }: SignedTransaction): boolean {
    const record = first === undefined ? undefined : this.get(memberKeyPath(toHex(first.keyId)));
    if (first === undefined || record === undefined) return false;
    const { suite, publicKey } = decodeMemberKey(record);
    if (suite !== first.suite) return false;
    return suiteOf(suite).verify(this.#host.primitives, publicKey, signedMessage(suite, id), first.signature);
  }

  #isUsed(tx: SignedTransaction): boolean {
    const last = this.get(noncePath(firstKey(tx)));
    return last !== undefined && tx.transaction.nonce <= asUint(decode(last, "nonce"), "nonce");
  }

  /** The rules of every kind, cheapest first. Gives the signing organisations or the refusal. */
  #admit(tx: SignedTransaction): readonly string[] | Refusal {
    const { chain, expires } = tx.transaction;
    if (chain !== this.#host.chain) {
      return { code: "ledger/wrong-chain", message: "the transaction is meant for another chain" };
    }
    if (expires * 1000 <= this.#time) return { code: "ledger/expired", message: "the transaction has expired" };
    if (this.#isUsed(tx)) {
      return { code: "ledger/nonce-repeated", message: "this key already used that nonce or a later one" };
    }
    const organisations: string[] = [];
    const seen = new Set<string>();
    for (const signature of tx.signatures) {
      const organisation = this.#verify(tx, signature, seen);
      if (typeof organisation !== "string") return organisation;
      organisations.push(organisation);
    }
    return organisations;
  }

  #verify(tx: SignedTransaction, signature: Signature, seen: Set<string>): string | Refusal {
    const id = toHex(signature.keyId);
    if (seen.has(id)) return { code: "ledger/malformed", message: "a key signed twice" };
    seen.add(id);
    const record = this.get(memberKeyPath(id));
    if (record === undefined) return { code: "ledger/unknown-key", message: "the signing key is not a member's" };
    const { suite, publicKey, organisation, status } = decodeMemberKey(record);
    if (suite !== signature.suite) return { code: "ledger/unknown-suite", message: "the key has another suite" };
    const barred = barredKey(status);
    if (barred !== null) return barred;
    if (this.#host.verified?.(tx.id) !== true) {
      const { primitives } = this.#host;
      const message = signedMessage(signature.suite, tx.id);
      if (!suiteOf(signature.suite).verify(primitives, publicKey, message, signature.signature)) {
        return { code: "ledger/bad-signature", message: "the signature does not fit the transaction" };
      }
    }
    return organisation;
  }

  context(signers: readonly string[], before: Before = new Map()): Context {
    const write = (key: string, value: Uint8Array | undefined) => {
      invariant(/^[\x21-\x7e]{1,200}$/.test(key), "a state key is a short ASCII path");
      if (!before.has(key)) before.set(key, this.changes.has(key) ? this.changes.get(key) : null);
      this.changes.set(key, value);
    };
    return {
      primitives: this.#primitives,
      chain: this.#host.chain,
      sequence: this.#sequence,
      time: this.#time,
      signers,
      get: (key) => this.get(key),
      range: (prefix, from, count) => this.#range(prefix, from, count),
      put: write,
      delete: (key) => write(key, undefined),
      emit: (leaves, hashes) => {
        for (const leaf of leaves) this.leaves.push(leaf);
        this.#hashes.push(hashes);
      },
    };
  }

  #range(prefix: string, from: number, count: number): Uint8Array[] {
    const values: Uint8Array[] = [];
    for (let i = from; i < from + Math.min(count, RANGE_MAX); i++) {
      const value = this.get(`${prefix}/${i}`);
      if (value === undefined) break;
      values.push(value);
    }
    return values;
  }

  #mark(): Mark {
    return { leaves: this.leaves.length, hashes: this.#hashes.length, before: new Map() };
  }

  /** Takes back what a refused transaction did. */
  #undo({ leaves, hashes, before }: Mark): void {
    for (const [key, value] of before) {
      if (value === null) this.changes.delete(key);
      else this.changes.set(key, value);
    }
    this.leaves.length = leaves;
    this.#hashes.length = hashes;
  }
}

/** Why a key that is known may not sign, if so. The same for admission and for the block. */
export function barredKey(status: KeyStatus): Refusal | null {
  if (status === "active") return null;
  if (status === "retired") return { code: "ledger/key-retired", message: "the signing key was replaced or withdrawn" };
  return { code: "ledger/key-suspended", message: "the organisation of the signing key is suspended" };
}

const firstKey = (tx: SignedTransaction): string => toHex(tx.signatures[0]?.keyId ?? new Uint8Array(0));
