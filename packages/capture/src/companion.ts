/**
 * What goes beside the stream in one session: the look at the catalog, the going through of tables, and what the ledger is told
 * of their lives. A source that cannot be read beside its stream has none.
 */
import { toHex } from "@anamnesis/core";
import type { CaptureOptions } from "./capture.ts";
import type { Flow } from "./flow.ts";
import type { Interlude } from "./interlude.ts";
import { layoutOf } from "./layout.ts";
import { register, registerFresh, rekeyed, type Telling } from "./rebaseline/register.ts";
import { Tellings } from "./rebaseline/tellings.ts";
import { Rebaseliner } from "./rebaseline/worker.ts";
import type { Beside, SourceLife, TableSchema } from "./source.ts";
import { isTableHandles, type NamesKnown, type Naming, namingsOf, replacementsOf } from "./table-names.ts";
import { CatalogWatch } from "./watch.ts";

/** The catalog may go on changing while it is read; so often it is read anew at once. */
const LOOKS_MAX = 5;
/** A new table under a known name that holds no more than this part of the former one is no copy of it. */
const SLIGHT = 1 / 8;

type Look = Awaited<ReturnType<Beside["fingerprint"]>>;

/** The tables of a session, and the look at the catalog that they go with. */
export interface Surveyed {
  readonly tables: readonly TableSchema[];
  readonly text: string;
  readonly position: bigint;
  readonly namings: readonly Naming[];
}

export class Companion {
  readonly #o: CaptureOptions;
  readonly #beside: Beside;
  readonly #surveyed: Surveyed;
  readonly #life: string;
  #worker: Rebaseliner | undefined;
  #tellings: Tellings | undefined;
  #watch: CatalogWatch | undefined;
  #changed: () => void = () => undefined;

  private constructor(options: CaptureOptions, beside: Beside, surveyed: Surveyed, life: string) {
    this.#o = options;
    this.#beside = beside;
    this.#surveyed = surveyed;
    this.#life = life;
  }

  /** Undefined for a source that cannot be read beside its stream. */
  static async open(options: CaptureOptions, life: Promise<SourceLife>): Promise<Companion | undefined> {
    const beside = await options.source.beside?.();
    if (beside === undefined) return undefined;
    try {
      const before = await beside.fingerprint();
      const name = toHex((await life).incarnation);
      return new Companion(options, beside, await survey(options, beside, before, name), name);
    } catch (error) {
      await beside.close();
      throw error;
    }
  }

  get tables(): readonly TableSchema[] {
    return this.#surveyed.tables;
  }

  /** The baseline of all tables was made with the start of capture. */
  fresh(): void {
    const { progress } = this.#o;
    progress.together(() => registerFresh(progress, this.tables, this.#life));
  }

  /** Before the stream of the session begins. Gives what has to speak between transactions. */
  attach(flow: Flow): readonly Interlude[] {
    const { progress, index } = this.#o;
    const { tables, namings, text, position } = this.#surveyed;
    const withEvents = new Set(
      index
        .tables()
        .filter((t) => t.events > 0)
        .map((t) => toHex(t.handle)),
    );
    const hasEvents = (handle: Uint8Array) => withEvents.has(toHex(handle));
    const registration = { tables, life: this.#life, namings, hasEvents, size: index.appliedTo() };
    const tellings: readonly Telling[] = progress.together(() => register(progress, registration));
    this.#tellings = new Tellings(tellings, flow.now, () => progress.setLooked(position));
    this.#worker = new Rebaseliner({ capture: this.#o, flow, beside: this.#beside, tables });
    this.#watch = new CatalogWatch({
      ...{ beside: this.#beside, progress, text },
      isSettled: () => this.#tellings?.pending() === false,
      onChanged: () => this.#changed(),
      onFailure: (error) => flow.fail(error),
    });
    return [this.#tellings, this.#worker];
  }

  /** The stream runs: `poke` lets the interludes speak, `changed` ends the session because the catalog has changed. */
  start(poke: () => void, changed: () => void): void {
    this.#changed = changed;
    this.#worker?.start(poke);
  }

  /** Everything before `position` is final and indexed, and these markers have passed. */
  passed(position: bigint, tokens: readonly string[]): void {
    this.#worker?.passed(position, tokens);
    if (tokens.length > 0) this.#watch?.ask();
    else this.#watch?.tick();
  }

  /** Whether something waits for the stream to pass a marker. */
  get waits(): boolean {
    return this.#worker?.waits === true;
  }

  /** The source's log tells of a change of its catalog. */
  catalogChanged(): void {
    this.#watch?.ask();
  }

  /** A layout that the table had between two looks: rows were vouched for under it. */
  meet(table: TableSchema): void {
    const { index, progress } = this.#o;
    const layout = JSON.stringify(layoutOf(table));
    const isNew = progress.tables.layouts(table.handle).every((l) => JSON.stringify(layoutOf(l)) !== layout);
    progress.tables.meet(table, this.#life);
    // Whoever goes through the table has begun without it.
    if (isNew && progress.tables.pending().has(toHex(table.handle))) this.#changed();
    const known = this.tables.find((t) => t.name === table.name);
    if (known !== undefined) rekeyed(progress, { met: table, known, size: index.appliedTo() });
    this.#watch?.ask();
  }

  async stop(): Promise<void> {
    this.#watch?.stop();
    await this.#worker?.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#beside.close();
  }
}

/**
 * Reads tables until the catalog is the same before and after: making them ready to be captured may change it as well. Names
 * that now stand for other tables hold from here on.
 */
async function survey(options: CaptureOptions, beside: Beside, first: Look, life: string): Promise<Surveyed> {
  const { source, handles, index } = options;
  const bound = new Map(index.bound());
  if (isTableHandles(handles)) handles.bind(bound);
  const namings: Naming[] = [];
  let before = first;
  for (let looks = 1; ; looks++) {
    let tables = await source.tables();
    const found = await rename(options, beside, tables, bound, life);
    if (found.length > 0) {
      namings.push(...found);
      tables = await source.tables();
    }
    const after = await beside.fingerprint();
    if (after.text === before.text || looks === LOOKS_MAX) return { tables, ...after, namings };
    before = after;
  }
}

async function rename(
  { handles, index, progress }: CaptureOptions,
  beside: Beside,
  tables: readonly TableSchema[],
  bound: Map<string, Uint8Array>,
  life: string,
): Promise<readonly Naming[]> {
  if (!isTableHandles(handles)) return [];
  const known = new Set(
    index
      .tables()
      .filter((t) => t.events > 0)
      .map((t) => toHex(t.handle)),
  );
  const met = progress.tables.met(life);
  const names: NamesKnown = { met, bound, hasEvents: (handle) => known.has(toHex(handle)) };
  const followed = new Set<string>();
  for (const { former, fresh, decided } of replacementsOf(tables, handles, names))
    if (decided || (await isSlight(beside, fresh, former))) followed.add(former.id);
  const namings = namingsOf(tables, handles, { ...names, followed });
  for (const { name, table } of namings) bound.set(toHex(name), table);
  handles.bind(bound);
  return namings;
}

async function isSlight(beside: Beside, fresh: TableSchema, former: TableSchema): Promise<boolean> {
  if (beside.bytes === undefined) return false;
  return (await beside.bytes(fresh)) <= (await beside.bytes(former)) * SLIGHT;
}
