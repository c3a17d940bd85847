/** The simulated world: one orderer, its clients and followers, a network, a disk, a clock; and the auditor. */
import { decodeSourceState, type SourceState, sourcePath } from "@anamnesis/contracts";
import { codeOf, orgId, toHex } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import type { Receipt, SignedTransaction } from "@anamnesis/ledger";
import { AuditFailure, Auditor, require } from "../auditor/audit.ts";
import { readCommand } from "../auditor/formats.ts";
import type { Seen } from "../auditor/model.ts";
import type { EventRules } from "../auditor/rules-events.ts";
import type { IncentiveRules } from "../auditor/rules-incentive.ts";
import type { RegistryRules } from "../auditor/rules-registry.ts";
import type { Cosigner, ToSeal } from "../commands/incentive.ts";
import { Wallet } from "../commands/keys.ts";
import { Chance } from "../random.ts";
import { Client, type Held, type Members } from "./client.ts";
import { SimClock } from "./clock.ts";
import { DiskSpy } from "./disk-spy.ts";
import { type Files, removeFolder } from "./files.ts";
import { Follower } from "./follower.ts";
import { type Founding, found, modelOf, START_MS } from "./founding.ts";
import { faceOf, LedgerProcess, stateTable } from "./ledger-process.ts";
import { Network } from "./network.ts";

/** What an engine answered to one submission. */
export type Answer =
  | { readonly final: true; readonly receipt: Receipt }
  | { readonly final: false; readonly id: string; readonly code: string };

/** After this time the checkpoint remembered beside the store must be the newest. */
const REMEMBER_MS = 1001;

/** Codes that say nothing about the transaction: it may be sent again. */
const LATER = new Set(["ledger/busy", "ledger/disk-full"]);

export class World {
  readonly founding: Founding;
  readonly clock = new SimClock(START_MS + 1000);
  readonly spy: DiskSpy;
  readonly process: LedgerProcess;
  readonly auditor: Auditor;
  readonly clients: Client[];
  readonly followers: readonly Follower[];
  readonly requests = new Network<SignedTransaction>();
  readonly answers = new Network<Answer>();
  /** An earlier state of the folder, for the lying disk. */
  older: { readonly files: Files; readonly size: number } | undefined;
  /** The checkpoint that was sealed last, where it is at hand. */
  sealed: ToSeal | undefined;
  /** Images of power cuts that were tried one by one. */
  cutsTried = 0;
  readonly #root: string;
  readonly #registry: RegistryRules;
  /** Whose turn it is to seal. */
  readonly incentive: IncentiveRules;
  readonly events: EventRules;
  readonly #wallet = new Wallet();
  readonly #signers = new Map<string, Signer>();

  private constructor(root: string, chance: Chance) {
    this.#root = root;
    this.founding = found(chance);
    const { genesis, organisations } = this.founding;
    this.spy = new DiskSpy({ walPages: chance.pick([8, 30, 4000]) });
    this.process = new LedgerProcess(root, this.founding, this.clock);
    const { model, registry, incentive, events } = modelOf(this.founding);
    this.#registry = registry;
    this.incentive = incentive;
    this.events = events;
    for (const { signing, cosigner } of organisations) for (const seed of [signing, cosigner]) this.#wallet.keep(seed);
    this.#wallet.keep(this.founding.logSeed);
    this.auditor = new Auditor(model, genesis.logKey);
    this.clients = [];
    this.welcome(chance);
    this.followers = organisations.slice(1).map((each) => new Follower(each.id, root, genesis));
  }

  /** @param root an empty folder of its own */
  static async open(root: string, seed: number): Promise<World> {
    const chance = new Chance(seed);
    const world = new World(root, chance);
    world.clock.install();
    world.spy.install();
    try {
      await world.process.found();
      await world.start(chance);
      await world.audit();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async close(): Promise<void> {
    for (const follower of this.followers) follower.close();
    try {
      await this.process.stop();
    } finally {
      this.spy.uninstall();
      this.clock.uninstall();
      removeFolder(this.#root);
    }
  }

  async start(chance: Chance): Promise<void> {
    const limits = {
      blockTransactions: chance.pick([1, 3, 50, 50]),
      queuedTransactions: chance.pick([2, 100, 100, 100]),
    };
    this.spy.watch(this.process.folder);
    await this.process.start(limits);
  }

  /** Reads on what the log says now. */
  async audit(): Promise<void> {
    await this.auditor.follow(await faceOf(this.process.engine), this.clock.newest);
  }

  /** Everything again from the beginning, the state's rows, and the product's own verification. */
  async auditAll(): Promise<void> {
    await this.audit();
    await this.auditor.again(await faceOf(this.process.engine));
    this.auditor.state(stateTable(this.process.folder));
    const problems = await this.process.problems();
    for (const follower of this.followers) await follower.audit(this.auditor);
    this.clock.pass(REMEMBER_MS);
    const remembered = this.auditor.shown(Buffer.from(this.process.files().get("last-checkpoint") ?? []).toString());
    require(remembered.size === this.auditor.size, "the remembered checkpoint lags more than a second behind");
    require(problems.length === 0, `log verify finds: ${problems.join("; ")}`);
  }

  /** What a client takes for the time: its clock, or the newest block's when that is later. */
  get agreed(): number {
    return Math.max(this.clock.now(), Number(this.auditor.time));
  }

  /** Who was let in begins to work. */
  welcome(chance: Chance): void {
    const { genesis, stranger } = this.founding;
    for (const id of this.#registry.organisations.keys()) {
      if (this.clients.some((client) => client.id === id)) continue;
      const who = { stranger, incarnation: chance.bytes(8), number: this.clients.length };
      this.clients.push(new Client(genesis, orgId(id), this.members, who));
    }
  }

  /** What members know of each other. */
  get members(): Members {
    const registry = this.#registry;
    return {
      wallet: this.#wallet,
      held: (id) => this.#held(id),
      cosigner: (id) => registry.organisations.get(id)?.cosigner ?? new Uint8Array(32),
      get organisations() {
        return [...registry.organisations.keys()];
      },
      get proposals() {
        return registry.proposals.length;
      },
    };
  }

  /** Who has given up all its keys goes on trying with them. */
  #held(id: string): Held {
    const { keys } = this.auditor.model;
    const ever = [...keys].filter(([, { organisation }]) => organisation === id);
    const listed = new Set(this.#registry.organisations.get(id)?.keys);
    const now = ever.filter(([key]) => listed.has(key)).map(([, { publicKey }]) => this.#signerOf(publicKey));
    const all = ever.map(([, { publicKey }]) => this.#signerOf(publicKey));
    return { now: now.length === 0 ? all : now, ever: all };
  }

  #signerOf(publicKey: Uint8Array): Signer {
    const name = toHex(publicKey);
    const known = this.#signers.get(name);
    if (known !== undefined) return known;
    const seed = this.#wallet.seedOf(publicKey);
    if (seed === undefined) throw new RangeError("nobody has the seed of a member's key");
    const signer = signerFromSeed(native, "INTL-1", seed);
    this.#signers.set(name, signer);
    return signer;
  }

  /** Members that cosign: the active ones. */
  get cosigners(): readonly Cosigner[] {
    return this.#cosignersOf(this.#registry.active);
  }

  /** Those that are suspended or have gone, with the keys that they had last. */
  get formerCosigners(): readonly Cosigner[] {
    const { active, organisations } = this.#registry;
    return this.#cosignersOf([...organisations.keys()].filter((id) => !active.includes(id)));
  }

  #cosignersOf(ids: readonly string[]): readonly Cosigner[] {
    return ids.flatMap((id) => {
      const cosigner = this.#wallet.seedOf(this.#registry.organisations.get(id)?.cosigner ?? new Uint8Array(32));
      return cosigner === undefined ? [] : [{ id: orgId(id), cosigner }];
    });
  }

  /** What the ledger tells a client of its source. */
  async sourceOf({ id }: Client): Promise<SourceState | undefined> {
    const { value } = await this.process.engine.read(sourcePath(id, "ehr"));
    return value === undefined ? undefined : decodeSourceState(value);
  }

  mayRetry(code: string): boolean {
    return LATER.has(code);
  }

  /** What arrives now; when nothing does, what some client makes on the spot. */
  waitingRequests(chance: Chance): readonly SignedTransaction[] {
    const arrived = this.requests.arrived(chance, this.clock.now());
    if (arrived.length > 0) return arrived;
    const made = this.clients.map((client) => client.next(chance, this.agreed));
    return made.filter((tx) => tx !== undefined);
  }

  /** Submits all at once, audits the outcome, and sends the answers on their way. */
  async submit(chance: Chance, group: readonly SignedTransaction[]): Promise<void> {
    const watched = group.map((tx) => this.auditor.watch(seenOf(tx), BigInt(this.clock.now())));
    const answers = await this.order(group);
    for (const [i, answer] of answers.entries()) {
      const signer = toHex(group[i]?.signatures[0]?.keyId ?? new Uint8Array(0));
      if (answer.final) this.auditor.promise(promiseOf(answer.receipt), signer);
    }
    await this.audit();
    for (const [i, answer] of answers.entries()) {
      const seen = watched[i];
      if (!answer.final && seen !== undefined && !LATER.has(answer.code)) this.auditor.refused(seen, answer.code);
    }
    this.auditor.unwatch();
    for (const answer of answers) this.answers.send(chance, "answers", answer, this.clock.now());
  }

  /** Submits and gives the answers; nobody has looked yet. */
  order(group: readonly SignedTransaction[]): Promise<Answer[]> {
    const { engine } = this.process;
    return Promise.all(
      group.map((tx) =>
        engine.submit(tx).then(
          (receipt): Answer => ({ final: true, receipt }),
          (error: unknown): Answer => ({ final: false, id: toHex(tx.id), code: refusalCode(error) }),
        ),
      ),
    );
  }
}

function refusalCode(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) throw new AuditFailure(`the engine threw something without a code: ${String(error)}`);
  return code;
}

export const promiseOf = ({ id, index, count, sequence, time }: Receipt) => ({
  id: toHex(id),
  index,
  count,
  sequence,
  time,
});

function seenOf({ bytes, signatures, attachments }: SignedTransaction): Seen {
  const read = signatures.map(({ keyId, suite, signature }) => ({ keyId: toHex(keyId), suite, signature }));
  return { command: readCommand(bytes, read), attachments };
}
