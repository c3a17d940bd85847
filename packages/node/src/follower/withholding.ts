/**
 * Testifying that leaves are withheld (spec/log.md, `withheld`). A member that has a signed checkpoint and waits in vain for the
 * leaves says so under its cosigner key, hands that on to the other members, and says the same as they do where that is
 * true here too. When more than a third say it, the file is written.
 */
import { isAnamnesisError, toHex } from "@anamnesis/core";
import type { Replica } from "@anamnesis/embedded";
import {
  decodeTestimonies,
  encodeTestimonies,
  type Genesis,
  isStatedBy,
  type MemberSet,
  type Missing,
  makeWithheld,
  openCheckpoint,
  type SealedState,
  stateWithheld,
  TESTIMONIES_MAX,
  type Testimony,
} from "@anamnesis/ledger";
import { primitives, systemClock } from "../system.ts";
import { convicting, type Found } from "./found.ts";

export interface WithholdingOptions {
  readonly genesis: Genesis;
  readonly links: () => readonly SealedState[];
  readonly members: () => MemberSet;
  readonly replica: Pick<Replica, "newest">;
  readonly organisation: string;
  /** Seed of the cosigner key. */
  readonly seed: Uint8Array;
  /** How long leaves are waited for before anybody is accused, in ms. */
  readonly patienceMs: number;
  /** What the other members say, unchecked. */
  readonly others: () => Promise<readonly Uint8Array[]>;
}

interface Heard {
  readonly note: string;
  readonly size: number;
  readonly sinceMs: number;
}

export class Withholding {
  readonly #o: WithholdingOptions;
  readonly #sign: (message: Uint8Array) => Uint8Array;
  /** The first checkpoint that is waited for. */
  #heard: Heard | undefined;
  readonly #own = new Map<string, Testimony>();
  readonly #accused = new Set<string>();

  constructor(options: WithholdingOptions) {
    this.#o = options;
    this.#sign = primitives.ed25519Signer(options.seed);
  }

  /** A checkpoint that somebody showed, of whatever size. */
  heard(note: string): void {
    this.#forget();
    if (this.#heard !== undefined) return;
    const size = this.#sizeOf(note);
    if (size !== undefined && size > this.#o.replica.newest.size) {
      this.#heard = { note, size, sinceMs: systemClock.now() };
    }
  }

  /** What this member says now, for the others. */
  get testimonies(): Uint8Array | undefined {
    this.#forget();
    return this.#own.size === 0 ? undefined : encodeTestimonies([...this.#own.values()]);
  }

  /** States what is to be stated, hears the others, and answers with a file that enough have signed. */
  async due(): Promise<Found | undefined> {
    this.#forget();
    const heard = this.#heard;
    if (heard === undefined || systemClock.now() - heard.sinceMs < this.#o.patienceMs) return undefined;
    this.#state({ note: heard.note, from: this.#o.replica.newest.size, to: heard.size });
    const theirs = (await this.#o.others()).flatMap((bytes) => this.#read(bytes));
    for (const { missing } of theirs) if (this.#lacks(missing)) this.#state(missing);
    for (const [key, { missing, statement }] of this.#own) {
      const found = this.#accused.has(key) ? undefined : this.#count(key, missing, theirs, statement);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #count(key: string, missing: Missing, theirs: readonly Testimony[], own: Testimony["statement"]): Found | undefined {
    const { genesis, links } = this.#o;
    const same = theirs.filter((each) => this.#key(each.missing) === key).map(({ statement }) => statement);
    const byMember = new Map([...same, own].map((each) => [each.organisation, each]));
    const accuser = { primitives, genesis, links: links() };
    const evidence = makeWithheld(accuser, missing, [...byMember.values()]);
    const found = convicting({ kind: "withheld", label: `${missing.from}-${missing.to}`, evidence });
    if (found !== undefined) this.#accused.add(key);
    return found;
  }

  #state(missing: Missing): void {
    const { genesis, organisation } = this.#o;
    const key = this.#key(missing);
    if (this.#own.has(key) || this.#own.size >= TESTIMONIES_MAX) return;
    const time = Math.floor(systemClock.now() / 1000);
    this.#own.set(key, { missing, statement: stateWithheld(this.#sign, genesis.chain, missing, organisation, time) });
  }

  /** Leaves that came after all are not missed any more; what was written stays. */
  #forget(): void {
    const { size } = this.#o.replica.newest;
    if (this.#heard !== undefined && this.#heard.size <= size) this.#heard = undefined;
    for (const [key, { missing }] of this.#own) if (missing.from < size) this.#own.delete(key);
  }

  #lacks({ note, from, to }: Missing): boolean {
    const size = this.#sizeOf(note);
    return size !== undefined && from >= this.#o.replica.newest.size && from < to && to <= size;
  }

  #sizeOf(note: string): number | undefined {
    try {
      return openCheckpoint(primitives, note, this.#o.genesis).size;
    } catch (error) {
      if (!isAnamnesisError(error)) throw error;
      return undefined;
    }
  }

  /** Of one member: what it signed, about checkpoints that the log signed. */
  #read(bytes: Uint8Array): readonly Testimony[] {
    const { genesis, members } = this.#o;
    try {
      return decodeTestimonies(bytes).filter((each) => {
        const member = members().members.find(({ id }) => id === each.statement.organisation);
        if (member === undefined || this.#sizeOf(each.missing.note) === undefined) return false;
        return isStatedBy(primitives, genesis.chain, member.cosigner, each);
      });
    } catch (error) {
      if (!isAnamnesisError(error)) throw error;
      return [];
    }
  }

  #key({ note, from, to }: Missing): string {
    const { size, root } = openCheckpoint(primitives, note, this.#o.genesis);
    return `${size} ${toHex(root)} ${from} ${to}`;
  }
}
