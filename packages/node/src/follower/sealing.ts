/**
 * Collecting the members' cosignatures on the newest checkpoint (C2SP tlog-witness): what the member that orders does for all.
 * Members that joined since the last link are asked as well as those before: a link needs the set before it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AskWitness,
  cosignedBy,
  decodeMemberSet,
  knownError,
  type LogReader,
  MEMBER_SET,
  type MemberSet,
  memberVerifier,
  type NoteSignature,
  type Offer,
  type ProvedValue,
  provedState,
  type SealingMember,
  sealQuorum,
  WitnessClient,
  withSignatures,
} from "@anamnesis/ledger";
import { primitives, systemClock } from "../system.ts";
import { type SealStore, sizeOf } from "./seal-store.ts";

/** What is known of one member. */
export interface MemberSeal {
  readonly id: string;
  /** Leaves of the largest checkpoint that it has cosigned since this node started; 0 = none yet. */
  readonly size: number;
  /** What its last answer was: `cosigned`, or why not. */
  readonly outcome: string;
}

export interface SealState {
  readonly epoch: number;
  readonly members: readonly MemberSeal[];
  /** How many cosignatures seal a checkpoint. */
  readonly quorum: number;
  /** The newest sealed checkpoint's size, and how many cosigned it; 0 before the first. */
  readonly sealedSize: number;
  readonly sealedBy: number;
}

export interface SealingOptions {
  readonly reader: LogReader;
  readonly store: SealStore;
  /** How a member is asked; `undefined` when nobody knows its address. */
  readonly ask: (member: SealingMember) => AskWitness | undefined;
  readonly pace?: Partial<typeof PACE>;
}

/**
 * Milliseconds: between two rounds while the log grows or a member is missing, of one at rest that all have cosigned, and how long
 * a checkpoint with enough cosignatures waits for the others.
 */
const PACE = { roundMs: 1000, restMs: 30_000, graceMs: 1000 };

/** One checkpoint and who cosigned it so far. */
interface Round {
  readonly proved: ProvedValue;
  readonly set: MemberSet;
  /** How many members are to cosign it in all, those that have not answered an older one yet included. */
  readonly all: number;
  readonly signatures: NoteSignature[];
}

export class Sealing {
  readonly #o: SealingOptions;
  readonly #stop = new AbortController();
  readonly #clients = new Map<string, WitnessClient>();
  readonly #members = new Map<string, MemberSeal>();
  /** Members that have not answered yet. */
  readonly #awaited = new Map<string, Promise<void>>();
  readonly #done: Promise<void>;
  #set: MemberSet;
  #settled: { readonly note: string; readonly atMs: number } | undefined;
  #sealed: { readonly size: number; readonly by: number };

  constructor(options: SealingOptions) {
    this.#o = options;
    this.#set = options.store.trusted;
    this.#sealed = sealedBefore(options);
    this.#done = this.#run();
  }

  get state(): SealState {
    const { epoch, members } = this.#set;
    const shown = members.map(({ id }) => this.#members.get(id) ?? { id, size: 0, outcome: "not-asked" });
    const { size, by } = this.#sealed;
    return { epoch, members: shown, quorum: sealQuorum(members.length), sealedSize: size, sealedBy: by };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await Promise.all(this.#awaited.values());
  }

  async #run(): Promise<void> {
    const { roundMs } = { ...PACE, ...this.#o.pace };
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        // The engine is closing, or a disk is full: the node says so itself, and the next round tries again.
        if (knownError(error) === undefined && !signal.aborted) throw error;
      }
      await sleep(roundMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    const { reader, store } = this.#o;
    const proved = await reader.read(MEMBER_SET);
    if (proved.value === undefined || this.#rests(proved.checkpoint.note)) return;
    const set = decodeMemberSet(proved.value);
    this.#set = set;
    const { note } = proved.checkpoint;
    const offer: Offer = { note, consistency: (older, newer) => reader.consistency(older, newer) };
    const members = union(set, store.trusted);
    const round: Round = { proved, set, all: members.length, signatures: [] };
    // A link needs the members before as well: for one, all are waited for.
    const enough = set.epoch === store.trusted.epoch ? sealQuorum(set.members.length) : members.length;
    await this.#answered(round, offer, { members, enough });
  }

  /** Until all have answered or, with enough cosignatures, a little longer. Who is silent must not hold up the others. */
  async #answered(
    round: Round,
    offer: Offer,
    from: { members: readonly SealingMember[]; enough: number },
  ): Promise<void> {
    const quorum = Promise.withResolvers<void>();
    const grace = new AbortController();
    let isOver = false;
    const asked = from.members.filter(({ id }) => !this.#awaited.has(id));
    const answers = asked.map(async (member) => {
      const signature = await this.#ask(member, offer, round.proved.checkpoint.size);
      if (signature === undefined) return;
      round.signatures.push(signature);
      if (round.signatures.length >= from.enough) quorum.resolve();
      if (isOver) this.#take(round);
    });
    for (const [place, { id }] of asked.entries()) this.#remember(id, answers[place]);
    const { graceMs } = { ...PACE, ...this.#o.pace };
    const patience = quorum.promise
      .then(() => sleep(graceMs, undefined, { signal: grace.signal }))
      .catch(() => undefined);
    try {
      await Promise.race([Promise.all(answers), patience]);
    } finally {
      isOver = true;
      grace.abort();
    }
    this.#take(round);
  }

  /** Nobody is asked twice at once. What a late answer fails with, the next question meets itself. */
  #remember(id: string, answer: Promise<void> | undefined): void {
    const over = (): void => void this.#awaited.delete(id);
    this.#awaited.set(id, Promise.resolve(answer).then(over, over));
  }

  #take({ proved, set, all, signatures }: Round): void {
    if (signatures.length === 0) return;
    const { reader, store } = this.#o;
    const { note, size } = proved.checkpoint;
    const cosigned = withSignatures(note, signatures);
    if (store.add({ note: cosigned, members: provedState(proved) }) && size >= this.#sealed.size) {
      this.#sealed = { size, by: cosignedBy(primitives, reader.genesis.chain, set, cosigned).length };
    }
    if (signatures.length === all) this.#settled = { note, atMs: systemClock.now() };
  }

  /** All have cosigned this very checkpoint, not long ago. */
  #rests(note: string): boolean {
    const { restMs } = { ...PACE, ...this.#o.pace };
    return this.#settled?.note === note && systemClock.now() - this.#settled.atMs < restMs;
  }

  async #ask(member: SealingMember, offer: Offer, size: number) {
    const client = this.#client(member);
    if (client === undefined) {
      this.#members.set(member.id, { id: member.id, size: 0, outcome: "no-address" });
      return undefined;
    }
    const outcome = await client.cosign(offer);
    const before = this.#members.get(member.id)?.size ?? 0;
    const cosigned = outcome.kind === "cosigned";
    const shown = outcome.kind === "refused" && outcome.status === 503 ? "behind" : outcome.kind;
    this.#members.set(member.id, { id: member.id, size: cosigned ? size : before, outcome: shown });
    return cosigned ? outcome.signature : undefined;
  }

  #client(member: SealingMember): WitnessClient | undefined {
    const verifier = memberVerifier(primitives, this.#o.reader.genesis.chain, member);
    const key = `${verifier.name}+${verifier.keyId}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const ask = this.#o.ask(member);
    if (ask === undefined) return undefined;
    const client = new WitnessClient(primitives, { verifier, ask });
    this.#clients.set(key, client);
    return client;
  }
}

/** What a former run left. */
function sealedBefore({ store, reader }: SealingOptions): { readonly size: number; readonly by: number } {
  const newest = store.sealed(store.trusted.epoch);
  if (newest === undefined) return { size: 0, by: 0 };
  return { size: sizeOf(newest), by: cosignedBy(primitives, reader.genesis.chain, store.trusted, newest.note).length };
}

function union(set: MemberSet, before: MemberSet): readonly SealingMember[] {
  const isNew = (each: SealingMember) => !set.members.some((m) => m.id === each.id);
  return [...set.members, ...before.members.filter(isNew)];
}
