/**
 * Watches a log from outside: every checkpoint that it, its peers or its witnesses show must stand in one line with all that were
 * ever seen. Two that do not are a fork, and the two signed notes with one consistency proof convict whoever signed them.
 */
import { codeOf, isAnamnesisError } from "@anamnesis/core";
import {
  bestWitnessed,
  type Demand,
  type FetchTile,
  type Genesis,
  logVerifier,
  openCheckpoint,
  type SignedCheckpoint,
} from "@anamnesis/ledger";
import { primitives } from "../system.ts";
import { type Alarm, type AlarmKind, convicts } from "./alarm.ts";
import { judge, type Verdict } from "./judge.ts";
import type { MonitorMemory } from "./memory.ts";
import type { ReplayAlarm } from "./replay.ts";

/** An address at which the log shows itself: the log's own, a member's, a mirror's, a witness's. */
export interface Face {
  readonly name: string;
  /** The signed checkpoint that is shown now. @throws what fetching throws */
  note(): Promise<string>;
  /** A witness has none; it is decided with those of the others. */
  readonly tile: FetchTile;
}

export interface MonitorOptions {
  readonly genesis: Genesis;
  readonly memory: MonitorMemory;
  /** The log itself. */
  readonly log: Face;
  /** Others who see the same log. Asked first, so that the log must hold whatever they were shown. */
  readonly peers: readonly Face[];
  /** Which cosignatures the log must show. */
  readonly demand?: () => Demand;
  /** The log's newest note with cosignatures. */
  readonly witnessed?: () => Promise<string | undefined>;
  /** Executes what is new; answers with the alarm of a block that breaks the rules or is dated back. */
  readonly replay?: () => Promise<ReplayAlarm | undefined>;
  /** Writes a file that convicts, and says where. */
  readonly writeFork: (fork: Extract<Verdict, { kind: "fork" }>) => string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long something that may pass is waited for, in ms. */
  readonly patienceMs: number;
}

export interface Round {
  /** What the log shows now; `undefined` when it could not be asked or is not its own. */
  readonly shown?: SignedCheckpoint;
  /** What is wrong now, or convicts for ever. */
  readonly standing: readonly Alarm[];
  /** Those of them that were not known before. */
  readonly raised: readonly Alarm[];
  /** What could not be asked, by address: code of the error. */
  readonly troubles: readonly { readonly face: string; readonly code: string }[];
  /** Something is not as it should be and may pass: an alarm if it lasts. */
  readonly waiting: boolean;
}

interface Shown {
  readonly face: Face;
  readonly checkpoint: SignedCheckpoint;
}

type Found = Omit<Alarm, "at">;

export class Monitor {
  readonly #o: MonitorOptions;
  /** Since when something that may pass has lasted. */
  readonly #since = new Map<string, number>();
  /** What stood after the last round: an alarm is new again only after it had gone. */
  #before: ReadonlySet<string> = new Set();

  constructor(options: MonitorOptions) {
    this.#o = options;
  }

  /** One look at everybody. Durable what was seen, before it is told. @throws nothing that an address can cause */
  async round(): Promise<Round> {
    const troubles: { face: string; code: string }[] = [];
    const found: Found[] = [];
    const waiting = new Set<string>();
    const { log, peers } = this.#o;
    const others = (await Promise.all(peers.map((face) => this.#look(face, troubles, found)))).flat();
    const witnessed = await this.#lookAtWitnessed(troubles, found);
    const own = (await this.#look(log, troubles, found)).at(0);
    const all = [...(own === undefined ? [] : [own]), ...witnessed, ...others];
    const sources = [log, ...peers].map((face) => face.tile);
    for (const shown of all) found.push(...(await this.#hold(shown, sources, waiting)));
    if (own !== undefined) found.push(...this.#behind(own, all, waiting));
    found.push(...(await this.#replayed(troubles)));
    for (const key of this.#since.keys()) if (!waiting.has(key)) this.#since.delete(key);
    const { standing, raised } = this.#remember(found);
    const rest = { standing, raised, troubles, waiting: waiting.size > 0 };
    return own === undefined ? rest : { shown: own.checkpoint, ...rest };
  }

  async #look(face: Face, troubles: { face: string; code: string }[], found: Found[]): Promise<Shown[]> {
    const note = await this.#ask(face.name, () => face.note(), troubles);
    return note === undefined ? [] : this.#open(face, note, found);
  }

  #open(face: Face, note: string, found: Found[]): Shown[] {
    try {
      return [{ face, checkpoint: { ...openCheckpoint(primitives, note, this.#o.genesis), note } }];
    } catch (error) {
      if (!isAnamnesisError(error)) throw error;
      found.push(alarm("foreign", face.name, 0, 0));
      return [];
    }
  }

  async #ask<T>(
    face: string,
    ask: () => Promise<T>,
    troubles: { face: string; code: string }[],
  ): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!isAnamnesisError(error)) throw error;
      troubles.push({ face, code: codeOf(error) ?? "internal" });
      return undefined;
    }
  }

  /** The note that its witnesses cosigned is one more that the log shows. */
  async #lookAtWitnessed(troubles: { face: string; code: string }[], found: Found[]): Promise<Shown[]> {
    const { log, witnessed, demand: makeDemand } = this.#o;
    if (witnessed === undefined) return [];
    const name = `${log.name} (witnessed)`;
    const note = await this.#ask(name, witnessed, troubles);
    const notes = note === undefined ? [] : [note];
    const demand = makeDemand?.();
    if (demand !== undefined) {
      const { met, found: best } = bestWitnessed(primitives, notes, logVerifier(primitives, this.#o.genesis), demand);
      if (!met) found.push(alarm("unwitnessed", log.name, best?.by.length ?? 0, demand.least));
    }
    return notes.flatMap((each) => this.#open({ ...log, name, note: () => Promise.resolve(each) }, each, found));
  }

  async #hold({ face, checkpoint }: Shown, sources: readonly FetchTile[], waiting: Set<string>): Promise<Found[]> {
    const { memory, now } = this.#o;
    const { size } = checkpoint;
    const before = memory.shown(face.name);
    memory.show(face.name, size);
    const older = size < before ? [alarm("older", face.name, size, before)] : [];
    const verdict = await judge(memory, checkpoint, [face.tile, ...sources.filter((tile) => tile !== face.tile)]);
    switch (verdict.kind) {
      case "fits":
        memory.add(checkpoint, now());
        return older;
      case "fork":
        return [...older, this.#fork(face, checkpoint, verdict)];
      case "undecided":
        // Behind what was seen, nobody is obliged to prove anything any more: that is `older`, and said.
        if (older.length > 0) return older;
        return this.#lasting(alarm("unproven", face.name, size, verdict.against), waiting);
    }
  }

  #fork(face: Face, checkpoint: SignedCheckpoint, verdict: Extract<Verdict, { kind: "fork" }>): Found {
    const { older, newer } = verdict;
    const against = older.note === checkpoint.note ? newer.size : older.size;
    const known = this.#o.memory.alarms().find((a) => a.kind === "fork" && a.face === face.name);
    if (known !== undefined) return known;
    return { ...alarm("fork", face.name, checkpoint.size, against), evidence: this.#o.writeFork(verdict) };
  }

  /** Everybody else was asked before the log: what they were shown, it must show. */
  #behind(own: Shown, all: readonly Shown[], waiting: Set<string>): Found[] {
    const most = Math.max(...all.map((shown) => shown.checkpoint.size));
    if (most <= own.checkpoint.size) return [];
    return this.#lasting(alarm("behind", own.face.name, own.checkpoint.size, most), waiting);
  }

  #lasting(found: Found, waiting: Set<string>): Found[] {
    const key = `${found.kind} ${found.face}`;
    const now = this.#o.now();
    const since = this.#since.get(key) ?? now;
    this.#since.set(key, since);
    waiting.add(key);
    return now - since >= this.#o.patienceMs ? [found] : [];
  }

  async #replayed(troubles: { face: string; code: string }[]): Promise<Found[]> {
    const { log, replay, memory } = this.#o;
    if (replay === undefined) return [];
    const known = memory.alarms().find((a) => a.kind === "bad-block");
    if (known !== undefined) return [known];
    const bad = await this.#ask(log.name, replay, troubles);
    return bad === undefined ? [] : [{ ...alarm(bad.kind, log.name, bad.size, 0), evidence: bad.evidence }];
  }

  #remember(found: readonly Found[]): Pick<Round, "standing" | "raised"> {
    const { memory, now } = this.#o;
    const at = now();
    const known = memory.alarms();
    const isKnown = (a: Found) => convicts(a) && known.some((k) => k.kind === a.kind && k.face === a.face);
    const key = (a: Found) => `${a.kind} ${a.face}`;
    const raised = found.filter((a) => !isKnown(a) && !this.#before.has(key(a))).map((a) => ({ ...a, at }));
    for (const each of raised) memory.raise(each);
    this.#before = new Set(found.map(key));
    const passing = found.filter((a) => !convicts(a)).map((a) => ({ ...a, at }));
    return { standing: [...memory.alarms().filter(convicts), ...passing], raised };
  }
}

const alarm = (kind: AlarmKind, face: string, size: number, against: number): Found => ({
  ...{ kind, face, size, against },
  evidence: null,
});
