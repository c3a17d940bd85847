/** A log that several members seal, without any engine: leaves, state and notes in memory, honest or not as a test asks. */
import { asBytesUpTo, asTuple, orgId, toHex } from "@anamnesis/core";
import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import { testContract } from "../conformance/contract.ts";
import { cosignerSeed, founded } from "../conformance/founding.ts";
import {
  type Contract,
  closeBlock,
  cosigner,
  cosignerName,
  EMPTY_STATE,
  type Execution,
  encodeMemberSet,
  executeBlock,
  executeGenesis,
  formatCheckpoint,
  formatNote,
  foundingSet,
  inclusionPath,
  leafHashes,
  logOrigin,
  MEMBER_SET,
  type MemberSet,
  noteSigner,
  type ProvedState,
  proveState,
  type SealedState,
  type SignedTransaction,
  treeHash,
  updateState,
} from "../src/index.ts";
import { MemoryNodes } from "../src/verify-block.ts";
import { naiveReader, p } from "./support.ts";

export const fixture = new Fixture(p);
/** Above those of the commands in `trial.ts`. */
const NONCE_AFTER_SCRIPT = 48;
export const FOUNDERS = ["nord", "ost", "sued", "west"];
export const genesis = founded(p, {
  chain: fixture.genesis.chain,
  time: fixture.genesis.time,
  organisations: [{ id: "nord", signer: fixture.member }, "ost", "sued", "west"],
  logKey: fixture.genesis.logKey,
});
export const { chain } = genesis;
export const founding = foundingSet(genesis);

/** The test contract, which may also replace the member set. */
export const contract: Contract = {
  ...testContract,
  genesis(context, document) {
    testContract.genesis(context, document);
    context.put(MEMBER_SET, encodeMemberSet(founding));
  },
  handle(context, tx) {
    const [name, value] = asTuple(tx.transaction.body, 2, "test command");
    if (name !== MEMBER_SET) return testContract.handle(context, tx);
    context.put(MEMBER_SET, asBytesUpTo(value, 100_000, "member set"));
    return null;
  },
};

const seedOf = (name: string): Uint8Array => cosignerSeed(p, name);
export const memberOf = (name: string) => ({ id: orgId(name), cosigner: p.ed25519PublicKey(seedOf(name)) });
export const setOf = (epoch: number, names: readonly string[], logKey = genesis.logKey): MemberSet => ({
  epoch,
  logKey,
  members: [...names].sort().map(memberOf),
});
export const cosign = (name: string, text: string, time: number) =>
  cosigner(p, cosignerName(chain, orgId(name)), seedOf(name)).cosign(text, time);
export const memberSign = (name: string) => (message: Uint8Array) => p.ed25519Sign(seedOf(name), message);
export const signLog = (text: string, seed = fixture.logSeed) => noteSigner(p, logOrigin(chain), seed).sign(text);

export class World {
  #nonce = NONCE_AFTER_SCRIPT;
  readonly leaves: Uint8Array[] = [];
  readonly nodes = new MemoryNodes();
  readonly state = new Map<string, Uint8Array>();
  root: Uint8Array = EMPTY_STATE;
  sequence = 0;
  timeMs = genesis.time;

  constructor() {
    this.append(executeGenesis(this.host, genesis), 0, this.timeMs);
  }

  get host() {
    return { primitives: p, contract, chain, state: this.state };
  }

  get size(): number {
    return this.leaves.length;
  }

  /** An honest block. */
  block(transactions: readonly SignedTransaction[], timeMs = this.timeMs + 1000): void {
    this.sequence++;
    this.timeMs = timeMs;
    this.append(
      executeBlock(this.host, { sequence: this.sequence, time: timeMs, transactions }),
      this.sequence,
      timeMs,
    );
  }

  append(execution: Execution, sequence: number, time: number): void {
    this.root = updateState(p, this.nodes, this.root, execution.changes);
    for (const [key, value] of execution.changes) {
      if (value === undefined) this.state.delete(key);
      else this.state.set(key, value);
    }
    this.leaves.push(...closeBlock(p, execution, { sequence, time }, this.root).leaves);
  }

  put(name: string, value: Uint8Array = new Uint8Array([1])): void {
    // Counted per world: the vectors hold these nonces, whatever other tests of the same process signed before.
    this.block([fixture.command("test.put", name, { value, change: { nonce: this.#nonce++ } })]);
  }

  members(set: MemberSet): void {
    this.put(MEMBER_SET, encodeMemberSet(set));
  }

  /** Everything so far; a later change does not reach it. */
  text(size = this.size): string {
    const root = treeHash(p, leafHashes(p, this.leaves.slice(0, size)));
    return formatCheckpoint({ origin: logOrigin(chain), size, root });
  }

  /** The newest checkpoint, signed by the log and cosigned by the members named. */
  note(cosigners: readonly string[] = [], seconds = Math.floor(this.timeMs / 1000), size = this.size): string {
    const text = this.text(size);
    return formatNote(text, [signLog(text), ...cosigners.map((name) => cosign(name, text, seconds))]);
  }

  proved(key: string): ProvedState {
    const path = inclusionPath(p, naiveReader(this.leaves), this.size - 1, this.size);
    const proof = proveState(p, this.nodes, this.root, key);
    return { value: this.state.get(key), proof, blockLeaf: this.leaves.at(-1) ?? new Uint8Array(0), path };
  }

  sealed(cosigners: readonly string[]): SealedState {
    return { note: this.note(cosigners), members: this.proved(MEMBER_SET) };
  }
}

export const keyHex = toHex(fixture.member.keyId);
