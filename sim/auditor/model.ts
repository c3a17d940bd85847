/**
 * What the ledger must hold, as plain maps: the rules that stand in spec/encoding.md for every transaction. What the
 * modules add is in `rules-*.ts`.
 */
import { type Item, writeCbor } from "./cbor.ts";
import { type Command, keyIdOf, signatureFits } from "./formats.ts";

/** A transaction as it was submitted or as the log shows it. */
export interface Seen {
  readonly command: Command;
  readonly attachments: readonly Uint8Array[];
}

/** By their number in the state. */
const KEY_STATUS = ["active", "suspended", "retired"] as const;

export interface Member {
  readonly suite: string;
  readonly publicKey: Uint8Array;
  readonly organisation: string;
  /** One that is not active is refused from the next transaction on. */
  readonly status: (typeof KEY_STATUS)[number];
}

/** The block in which something is executed. */
export interface BlockOf {
  readonly sequence: bigint;
  /** Agreed time, ms. */
  readonly time: bigint;
}

/** The part of the model that belongs to one contract module. */
export interface Rules {
  /** Kinds of transactions that it knows. */
  readonly kinds: readonly string[];
  /** Codes of all rules that the transaction breaks; `signers`: the organisations that signed, in order. */
  broken(seen: Seen, signers: readonly string[], time: bigint): ReadonlySet<string>;
  /** What an accepted one changes. */
  apply(seen: Seen, signers: readonly string[], block: BlockOf): void;
  /** What it changes after any accepted one, of whatever module. */
  settle?(seen: Seen, signers: readonly string[], block: BlockOf): void;
  /** Leaves that follow the command's own. */
  leaves(seen: Command): number;
}

export class Model {
  readonly chain: string;
  /** Members' keys by hexadecimal key id. */
  readonly keys = new Map<string, Member>();
  readonly nonces = new Map<string, bigint>();
  /** State keys whose values the model foretells byte by byte. */
  readonly state = new Map<string, Uint8Array>();
  readonly rules: Rules[] = [];

  constructor(chain: string) {
    this.chain = chain;
  }

  isMissing(key: string): boolean {
    return !this.state.has(key) && this.owned.some((prefix) => key.startsWith(prefix));
  }

  addKey(suite: string, publicKey: Uint8Array, organisation: string): string {
    const id = keyIdOf(suite, publicKey);
    this.#putKey(id, { suite, publicKey, organisation, status: "active" });
    return id;
  }

  setKey(id: string, status: Member["status"]): void {
    const member = this.keys.get(id);
    if (member !== undefined) this.#putKey(id, { ...member, status });
  }

  #putKey(id: string, member: Member): void {
    this.keys.set(id, member);
    const { suite, publicKey, organisation, status } = member;
    this.put(`key/${id}`, [suite, publicKey, organisation, BigInt(KEY_STATUS.indexOf(status))]);
  }

  /** Beginnings of the state keys that the model foretells: none of them may be there without it. */
  readonly owned = ["key/", "nonce/"];

  put(key: string, value: Item): void {
    this.state.set(key, writeCbor(value));
  }

  rulesOf(kind: string): Rules | undefined {
    return this.rules.find((each) => each.kinds.includes(kind));
  }

  /** Codes of every rule that the transaction breaks in a block of this time; none when it must be accepted. */
  broken(seen: Seen, time: bigint): ReadonlySet<string> {
    const { command } = seen;
    const codes = new Set<string>(this.#signatures(command));
    if (command.chain !== this.chain) codes.add("ledger/wrong-chain");
    if (command.expires * 1000n <= time) codes.add("ledger/expired");
    const last = this.nonces.get(command.signatures[0]?.keyId ?? "");
    if (last !== undefined && command.nonce <= last) codes.add("ledger/nonce-repeated");
    const rules = this.rulesOf(command.kind);
    if (rules === undefined) return codes.add("ledger/unknown-kind");
    for (const code of rules.broken(seen, this.signers(command), time)) codes.add(code);
    return codes;
  }

  #signatures(command: Command): string[] {
    const ids = command.signatures.map((each) => each.keyId);
    const codes = command.signatures.flatMap((each) => {
      const member = this.keys.get(each.keyId);
      if (member === undefined) return each.suite === "INTL-1" ? ["ledger/unknown-key"] : ["ledger/unknown-suite"];
      if (member.suite !== each.suite) return ["ledger/unknown-suite"];
      if (member.status !== "active") return [`ledger/key-${member.status}`];
      return signatureFits(command, each, member.publicKey) ? [] : ["ledger/bad-signature"];
    });
    if (ids.length === 0 || ids.length > 16 || new Set(ids).size < ids.length) codes.push("ledger/malformed");
    return codes;
  }

  signers(command: Command): readonly string[] {
    return command.signatures.map((each) => this.keys.get(each.keyId)?.organisation ?? "");
  }

  apply(seen: Seen, block: BlockOf): void {
    const { command } = seen;
    const signers = this.signers(command);
    this.rulesOf(command.kind)?.apply(seen, signers, block);
    // What the ledger itself executes is no command of a module.
    if (!command.kind.startsWith("ledger.")) for (const each of this.rules) each.settle?.(seen, signers, block);
    this.pass(command);
  }

  /** The nonce of the key that acts has passed the command's; it never goes back. */
  pass({ signatures: [first], nonce }: Command): void {
    const key = first?.keyId ?? "";
    const last = this.nonces.get(key);
    if (last !== undefined && last >= nonce) return;
    this.nonces.set(key, nonce);
    this.put(`nonce/${key}`, nonce);
  }
}
