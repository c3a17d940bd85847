/** Scores and seals, from spec/incentive.md: whose turn it is, who is paid, who missed a turn. Everything is sorted and counted again each time. */
import type { Item } from "./cbor.ts";
import { bytes, ed25519, list, str, uint } from "./formats.ts";
import type { BlockOf, Model, Rules, Seen } from "./model.ts";
import type { RegistryRules } from "./rules-registry.ts";

const HOUR_MS = 3_600_000n;
const TURN_MS = 60_000n;
const PAUSE_MS = 10_000n;

interface Account {
  score: bigint;
  since: bigint;
  missed: bigint;
  aside: bigint;
  hour: bigint;
  earned: bigint;
}

interface Cosigned {
  readonly id: string;
  readonly time: bigint;
  readonly signature: Uint8Array;
}

interface Seal {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly cosigned: readonly Cosigned[];
}

export class IncentiveRules implements Rules {
  readonly kinds = ["incentive.seal"];
  readonly #accounts = new Map<string, Account>();
  readonly #model: Model;
  readonly #registry: RegistryRules;
  #seals = 0n;
  #opened = 0n;
  #only: string | undefined;
  #sealedSize = 0n;
  #sealedAt = 0n;

  constructor(model: Model, registry: RegistryRules) {
    this.#model = model;
    this.#registry = registry;
    model.owned.push("sealing", "score/", "seal/");
  }

  /** Size of the checkpoint that was sealed last; 0 before the first seal. */
  get sealedSize(): bigint {
    return this.#sealedSize;
  }

  leaves(): number {
    return 0;
  }

  get waits(): boolean {
    return this.#opened > 0n;
  }

  broken({ command, attachments }: Seen, signers: readonly string[], time: bigint): ReadonlySet<string> {
    const seal = attempt(() => readSeal(command.body));
    if (seal === undefined) return new Set(["incentive/malformed-seal"]);
    const codes = new Set(this.#cosignatures(seal));
    if (attachments.length > 0) codes.add("incentive/malformed-seal");
    if (this.#opened === 0n) codes.add("incentive/nothing-to-seal");
    if (seal.size <= this.#sealedSize) codes.add("incentive/stale-seal");
    if (this.#seals > 0n && time < this.#sealedAt + PAUSE_MS) codes.add("incentive/too-early");
    const place = this.line().indexOf(signers[0] ?? "");
    if (place < 0) codes.add("incentive/not-in-line");
    else if (time < this.#opened + TURN_MS * BigInt(place)) codes.add("incentive/not-your-turn");
    return codes;
  }

  *#cosignatures({ size, root, cosigned }: Seal): Iterable<string> {
    const { active, organisations } = this.#registry;
    const ids = new Set(cosigned.map(({ id }) => id));
    if (ids.size < cosigned.length || size === 0n) yield "incentive/malformed-seal";
    if (cosigned.length * 3 <= active.length * 2) yield "incentive/no-quorum";
    const text = `anamnesis/${this.#model.chain}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
    for (const { id, time, signature } of cosigned) {
      if (time < this.#opened / 1000n) yield "incentive/old-cosignature";
      const key = active.includes(id) ? organisations.get(id)?.cosigner : undefined;
      const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
      if (key === undefined || !ed25519(key, message, signature)) yield "incentive/bad-cosignature";
    }
  }

  /** Who may seal, the first first. */
  line(): readonly string[] {
    const { active } = this.#registry;
    const others = active.filter((id) => id !== this.#only);
    const floor = median(active.map((id) => this.#standing(id).score)) - 500n;
    const rank = (id: string): readonly bigint[] => {
      const { score, since, aside } = this.#standing(id);
      const counts = score > floor ? score : floor;
      if (aside > this.#seals) return [2n, counts, since];
      const long = this.#seals - since >= 3n * BigInt(active.length);
      return long ? [0n, since] : [1n, counts, since];
    };
    return (others.length > 0 ? others : active).toSorted((a, b) => compare(rank(a), rank(b)) || (a < b ? -1 : 1));
  }

  apply({ command }: Seen, signers: readonly string[], block: BlockOf): void {
    const creator = signers[0] ?? "";
    const { size, root, cosigned } = readSeal(command.body);
    const line = this.line();
    const all = this.#registry.active.map((id) => [id, this.#standing(id)] as const);
    for (const [id, account] of all) this.#accounts.set(id, account);
    for (const late of line.slice(0, line.indexOf(creator))) {
      const account = this.#account(late);
      account.missed += 1n;
      const away = 2n ** account.missed - 1n;
      account.aside = this.#seals + 1n + (away > 63n ? 63n : away);
    }
    const account = this.#account(creator);
    Object.assign(account, { missed: 0n, aside: 0n, since: this.#seals });
    account.score += 100n;
    for (const { id } of cosigned.filter((each) => each.id !== creator)) {
      this.#account(id).score += 50n;
      account.score += 20n;
    }
    for (const [id] of all) this.#write(id);
    this.#model.put(`seal/${this.#seals}`, [size, root, creator, block.time, cosigned.map(({ id }) => id)]);
    this.#seals += 1n;
    this.#opened = 0n;
    this.#only = undefined;
    this.#sealedSize = size;
    this.#sealedAt = block.time;
    this.#writeSealing();
  }

  /** After every accepted transaction of any module. */
  settle({ command, attachments }: Seen, signers: readonly string[], block: BlockOf): void {
    const who = signers[0] ?? "";
    if (this.kinds.includes(command.kind)) return;
    if (command.kind === "events.batch") this.#events(who, BigInt(attachments.length), block.time);
    if (this.#opened === 0n) {
      this.#opened = block.time;
      this.#only = who;
    } else if (this.#only !== who) this.#only = undefined;
    this.#writeSealing();
  }

  #events(who: string, count: bigint, time: bigint): void {
    const account = this.#account(who);
    const hour = time / HOUR_MS;
    if (account.hour !== hour) Object.assign(account, { hour, earned: 0n });
    const left = 100n - account.earned;
    const points = count * 10n < left ? count * 10n : left;
    account.earned += points;
    account.score += points;
    this.#write(who);
  }

  #account(id: string): Account {
    const account = this.#standing(id);
    this.#accounts.set(id, account);
    return account;
  }

  /** Who has no score yet starts at the lower median of the other members, with its first batch or the next seal. */
  #standing(id: string): Account {
    const known = this.#registry.active.flatMap((each) => this.#accounts.get(each)?.score ?? []);
    const fresh = { score: median(known), since: this.#seals, missed: 0n, aside: 0n, hour: 0n, earned: 0n };
    return this.#accounts.get(id) ?? fresh;
  }

  #write(id: string): void {
    const { score, since, missed, aside, hour, earned } = this.#account(id);
    this.#model.put(`score/${id}`, [score, since, missed, aside, hour, earned]);
  }

  #writeSealing(): void {
    const only = this.#only ?? null;
    this.#model.put("sealing", [this.#seals, this.#opened, only, this.#sealedSize, this.#sealedAt]);
  }
}

function readSeal(body: Item): Seal {
  const [size, root, cosignatures] = list(body, 3);
  const cosigned = list(cosignatures).map((item) => {
    const [id, time, signature] = list(item, 3);
    return { id: str(id), time: uint(time), signature: sized(signature, 64) };
  });
  return { size: uint(size), root: sized(root, 32), cosigned };
}

function sized(item: Item | undefined, length: number): Uint8Array {
  const value = bytes(item);
  if (value.length !== length) throw new RangeError("bytes of another length");
  return value;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The lower one of an even number; 0 of none. */
function median(scores: readonly bigint[]): bigint {
  const sorted = scores.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? 0n;
}

function compare(a: readonly bigint[], b: readonly bigint[]): number {
  const at = a.findIndex((each, i) => each !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0n) < (b[at] ?? 0n) ? -1 : 1;
}
