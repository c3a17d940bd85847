/** A client: makes transactions of its organisation, sends them until they are answered, and goes on from the answer. */
import {
  comparePositions,
  LEAVE_KIND,
  PROPOSE_KIND,
  proposeBody,
  type SourceState,
  VOTE_KIND,
  voteBody,
  WITHDRAW_KIND,
} from "@anamnesis/contracts";
import { type OrgId, type SourceId, toHex } from "@anamnesis/core";
import type { Signer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { type Genesis, type SignedTransaction, signTransaction, type Transaction } from "@anamnesis/ledger";
import { batch, type Draft, oddBatch, type SourceView } from "../commands/events.ts";
import { appeal, registryCommand, type Surroundings } from "../commands/registry.ts";
import type { Chance } from "../random.ts";

/** What an organisation signs with: its keys now, and those that it ever had. */
export interface Held {
  readonly now: readonly Signer[];
  readonly ever: readonly Signer[];
}

/** What clients know of each other, and each of itself. */
export interface Members extends Pick<Surroundings, "organisations" | "proposals" | "wallet"> {
  held(id: string): Held;
  cosigner(id: string): Uint8Array;
}

interface Outstanding {
  readonly tx: SignedTransaction;
  readonly retryAt: number;
  readonly next: SourceView | undefined;
}

/** Transactions that wait for an answer, at most. */
const OUTSTANDING_MAX = 6;
const DECISIONS = new Set([VOTE_KIND, WITHDRAW_KIND, LEAVE_KIND]);
const RETRY_MS = 3000;
const CLIENTS_MAX = 64;

export class Client {
  readonly id: OrgId;
  readonly #genesis: Genesis;
  readonly #members: Members;
  readonly #stranger: Signer;
  readonly #outstanding = new Map<string, Outstanding>();
  #nonce: number;
  readonly #founding: SourceView;
  /** Behind everything sent. */
  #view: SourceView;
  /** Behind everything answered. */
  #known: SourceView;

  /** @param number its own among the clients: no two of them ever use one nonce, so their transactions differ */
  constructor(
    genesis: Genesis,
    id: OrgId,
    members: Members,
    who: { readonly stranger: Signer; readonly incarnation: Uint8Array; readonly number: number },
  ) {
    this.#nonce = who.number;
    this.#genesis = genesis;
    this.id = id;
    this.#members = members;
    this.#stranger = who.stranger;
    const { incarnation } = who;
    const position = { lsn: 0n, ordinal: 0 };
    this.#founding = { source: "ehr" as SourceId, incarnation, position };
    this.#view = this.#founding;
    this.#known = this.#founding;
  }

  /** The next transaction, if there may be one; `now` in ms. Mostly right, sometimes wrong in one way. */
  next(chance: Chance, now: number): SignedTransaction | undefined {
    if (this.#outstanding.size >= OUTSTANDING_MAX) return undefined;
    if (chance.once(2, 5)) return this.#sign(chance, registryCommand(chance, this.#surroundings()), now, {});
    if (chance.once(1, 6)) return this.#sign(chance, oddBatch(chance, this.#known), now, {});
    const draft = batch(chance, this.#view);
    if (chance.once(1, 10)) return this.#spoiled(chance, draft, now);
    if (draft.next !== undefined) this.#view = draft.next;
    return this.#sign(chance, draft, now, {});
  }

  /** A proposal on which all shall vote. */
  appeal(chance: Chance, now: number): SignedTransaction {
    const body = appeal(chance, this.#surroundings());
    return this.#sign(chance, { kind: PROPOSE_KIND, body, attachments: [] }, now, {});
  }

  /** A proposal about another member. */
  about(chance: Chance, now: number, type: "suspend" | "reinstate", id: OrgId): SignedTransaction {
    return this.send(chance, now, { kind: PROPOSE_KIND, body: proposeBody({ type, id }), attachments: [] });
  }

  /** A batch of so many events. */
  flood(chance: Chance, now: number, events: number): SignedTransaction {
    const draft = batch(chance, this.#view, events);
    if (draft.next !== undefined) this.#view = draft.next;
    return this.#sign(chance, draft, now, {});
  }

  /** A yes on one proposal. */
  agree(chance: Chance, now: number, proposal: number): SignedTransaction {
    return this.#sign(chance, { kind: VOTE_KIND, body: voteBody(proposal, true), attachments: [] }, now, {});
  }

  /** A vote, or what comes nearest: whether it is refused is known by the state alone. Under a nonce far ahead when asked for. */
  decides(chance: Chance, now: number, ahead = 0): SignedTransaction {
    const nonce = this.#nonce + CLIENTS_MAX * (1 + ahead);
    const around = this.#surroundings();
    for (;;) {
      const draft = registryCommand(chance, around);
      if (DECISIONS.has(draft.kind)) return this.#sign(chance, draft, now, { nonce });
    }
  }

  /** What somebody made for it. */
  send(chance: Chance, now: number, draft: Draft): SignedTransaction {
    return this.#sign(chance, draft, now, {});
  }

  /** Puts its own signature under what somebody else is sending: the same bytes, another transaction. */
  copy({ transaction, attachments }: SignedTransaction): SignedTransaction {
    return signTransaction(native, transaction, this.#members.held(this.id).now.slice(0, 1), attachments);
  }

  /** Those whose answer is overdue: they are sent again as they are. */
  overdue(now: number): SignedTransaction[] {
    const late = [...this.#outstanding].filter(([, each]) => each.retryAt <= now);
    for (const [id, each] of late) this.#outstanding.set(id, { ...each, retryAt: now + RETRY_MS });
    return late.map(([, each]) => each.tx);
  }

  accepted(id: string): void {
    const done = this.#outstanding.get(id);
    this.#outstanding.delete(id);
    if (done?.next === undefined || comparePositions(done.next.position, this.#known.position) <= 0) return;
    this.#known = done.next;
    if (this.#outstanding.size === 0) this.#view = this.#known;
  }

  /** What was refused is given up; the next one starts where the ledger is (`undefined`: it knows nothing of the source). */
  refused(id: string, ledger: SourceState | undefined): void {
    if (!this.#outstanding.delete(id)) return;
    this.#known = ledger === undefined ? this.#founding : { source: this.#known.source, ...ledger };
    this.#view = this.#known;
  }

  #surroundings(): Surroundings {
    const { organisations, proposals, wallet } = this.#members;
    const keys = this.#members.held(this.id).now.map(({ publicKey }) => publicKey);
    const cosigner = this.#members.cosigner(this.id);
    return { organisations, proposals, wallet, chain: this.#genesis.chain, self: this.id, keys, cosigner };
  }

  /** One of its keys, seldom one that it gave up. */
  #signer(chance: Chance): Signer {
    const { now, ever } = this.#members.held(this.id);
    return chance.pick(chance.once(1, 20) ? ever : now);
  }

  /** Somebody else who signs as well; it may be itself. */
  #fellow(chance: Chance): Signer {
    return chance.pick(this.#members.held(chance.pick(this.#members.organisations)).now);
  }

  /** A right batch in a wrong transaction. */
  #spoiled(chance: Chance, draft: Draft, now: number): SignedTransaction {
    const mine = this.#signer(chance);
    const past = Math.floor(now / 1000) - chance.between(0, 100);
    const ways: readonly (() => SignedTransaction)[] = [
      () => this.#sign(chance, draft, now, { nonce: chance.below(this.#nonce + 1) }),
      () => this.#sign(chance, draft, now, { nonce: this.#nonce }),
      () => this.#sign(chance, draft, now, { expires: past }),
      () => this.#sign(chance, draft, now, { chain: "another" as Genesis["chain"] }),
      () => this.#sign(chance, draft, now, {}, [this.#stranger]),
      () => this.#sign(chance, draft, now, {}, [mine, this.#stranger]),
      () => this.#sign(chance, draft, now, {}, [mine, mine]),
      () => this.#sign(chance, draft, now, {}, [mine, this.#fellow(chance)]),
      () => forged(chance, this.#sign(chance, draft, now, {}, [mine, this.#fellow(chance)]), 1),
      () => forged(chance, this.#sign(chance, draft, now, {})),
      () => otherSuite(this.#sign(chance, draft, now, {})),
    ];
    return chance.pick(ways)();
  }

  #sign(chance: Chance, draft: Draft, now: number, change: Partial<Transaction>, by?: readonly Signer[]) {
    this.#nonce += CLIENTS_MAX * chance.between(1, 3);
    const expires =
      Math.floor(now / 1000) +
      (chance.once(1, 16) ? 2 : chance.pick([3600, 864_000, 864_000, 864_000, 8_640_000, 8_640_000, 8_640_000]));
    const { kind, body } = draft;
    const fields = { chain: this.#genesis.chain, kind, nonce: this.#nonce, expires, body, ...change };
    const signers = by ?? [this.#signer(chance)];
    const tx = signTransaction(native, fields, signers, draft.attachments);
    this.#outstanding.set(toHex(tx.id), { tx, retryAt: now + RETRY_MS, next: draft.next });
    return tx;
  }
}

/** @param from the first signature that is wrong */
function forged(chance: Chance, tx: SignedTransaction, from = 0): SignedTransaction {
  const place = chance.below(64);
  const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === place ? byte ^ (1 << chance.below(8)) : byte));
  return {
    ...tx,
    signatures: tx.signatures.map((each, i) => (i < from ? each : { ...each, signature: flip(each.signature) })),
  };
}

const otherSuite = (tx: SignedTransaction): SignedTransaction => ({
  ...tx,
  signatures: tx.signatures.map((each) => ({ ...each, suite: "SM-1" })),
});
