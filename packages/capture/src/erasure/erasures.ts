/**
 * Erasing a patient: an interlude of capture. In one moment between two transactions the key is destroyed, which makes every
 * commitment under it undecidable, and an `erase` event is sealed that names nobody. Once that is final, the local stores forget
 * what they could still tell: readable keys of the patient's rows, windows of reads, the request itself. Each step may be done
 * twice, so whoever is stopped begins again; and since the ledger tells whose keys were destroyed, by a handle that only the key store
 * can tell apart, stores that were put back are cleaned again as well.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { comparePositions, type Position } from "@anamnesis/contracts";
import { codeOf, equal, toHex } from "@anamnesis/core";
import type { CaptureOptions } from "../capture.ts";
import { captureError } from "../errors.ts";
import type { Interlude } from "../interlude.ts";
import { sqlState } from "../postgres/session.ts";
import type { Sealer } from "../sealer.ts";
import type { TableSchema } from "../source.ts";
import { patient } from "../subject-sealers.ts";
import type { OpenErasure } from "./requests.ts";
import { patientRows } from "./rows.ts";
import { whoseName } from "./whose.ts";

const ASK_MS = 250;
const REST_MS = 1_000;
const AGAIN_MS = 50;
const STOP_MS_MAX = 3_000;
/** Names gone through in one transaction: some milliseconds. */
const ROWS_AT_ONCE = 8_192;

export interface ErasuresOptions {
  readonly capture: CaptureOptions;
  readonly tables: readonly TableSchema[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends the session with this error. */
  readonly fail: (error: unknown) => void;
}

export class Erasures implements Interlude {
  readonly #o: ErasuresOptions;
  readonly #stop = new AbortController();
  /** Requests of which the key is destroyed and the event sealed, in this session. */
  readonly #said = new Set<number>();
  #asked: readonly OpenErasure[] = [];
  #sealedTo: Position | undefined;
  #lookAt = 0;
  #cleaning: Promise<void> | undefined;

  constructor(options: ErasuresOptions) {
    this.#o = options;
  }

  due(): boolean {
    if (performance.now() >= this.#lookAt) this.#look();
    return this.#asked.length > 0;
  }

  pending(): boolean {
    return this.#cleaning !== undefined || this.#o.capture.progress.erasures.open().length > 0;
  }

  emit(sealer: Sealer): void {
    const [asked, ...others] = this.#asked;
    this.#asked = others;
    if (asked?.patient === undefined) return;
    const { keystore, index, progress } = this.#o.capture;
    const subject = patient(asked.patient);
    if (keystore.find(subject) === undefined) return progress.erasures.refuse(asked.id, unknownPatient());
    keystore.destroy(subject);
    const handle = keystore.handleOf(subject);
    if (index.erasures().some((e) => equal(e.subject, handle))) index.setClean(handle, false);
    else {
      const { reason: purpose, actor } = asked;
      sealer.speak({ time: this.#o.now() * 1000, purpose, ...(actor === undefined ? {} : { actor }) }, 0n);
      sealer.erased(handle);
      this.#sealedTo = sealer.position;
    }
    this.#said.add(asked.id);
  }

  final(known: Position): void {
    if (this.#sealedTo !== undefined && comparePositions(this.#sealedTo, known) <= 0) this.#sealedTo = undefined;
  }

  /** Lets the cleaning go: it begins again with the next session. */
  async stop(): Promise<void> {
    this.#stop.abort();
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_MS_MAX);
    });
    await Promise.race([this.#cleaning, over]);
    clearTimeout(timer);
  }

  /** Asks for requests, and cleans when there is something to clean. */
  #look(): void {
    const { progress, index } = this.#o.capture;
    this.#lookAt = performance.now() + ASK_MS;
    const open = progress.erasures.open();
    this.#asked = open.filter(({ id, patient: who }) => who !== undefined && !this.#said.has(id));
    if (this.#asked.length > 0 || this.#sealedTo !== undefined || this.#cleaning !== undefined) return;
    if (this.#stop.signal.aborted || (open.length === 0 && index.erasures().every((e) => e.clean))) return;
    this.#cleaning = this.#clean(open).catch((error: unknown) => this.#rest(error));
  }

  /** What the database refuses for now is tried again. */
  #rest(error: unknown): void {
    this.#cleaning = undefined;
    if (this.#stop.signal.aborted) return;
    this.#lookAt = performance.now() + REST_MS;
    if (codeOf(error) === undefined && sqlState(error) === undefined) this.#o.fail(error);
  }

  async #clean(open: readonly OpenErasure[]): Promise<void> {
    const { signal } = this.#stop;
    const { index, progress, source, interludes = [], scrub } = this.#o.capture;
    const erased = index.erasures().filter((e) => !e.clean);
    const isErased = this.#matcher(
      erased.map((e) => e.subject),
      open.flatMap((request) => request.patient ?? []),
    );
    const rows = await patientRows({ source, index, isErased, ...this.#rowContext() }, signal);
    const names = await this.#forgetNames(whoseName({ tables: this.#o.tables, isErased, rows }));
    const areForgotten = interludes.flatMap((each) => each.forget?.() ?? []);
    while (!areForgotten.every((isForgotten) => isForgotten())) await this.#pause(AGAIN_MS);
    for (const { subject } of erased) index.setClean(subject, true);
    for (const { id, patient: who } of open) if (who !== undefined) progress.erasures.forget(id, names);
    while (scrub?.() === false) await this.#pause(AGAIN_MS);
    for (const { id } of open) progress.erasures.settle(id);
    this.#cleaning = undefined;
  }

  /** By the text where it is known, else by the handle. */
  #matcher(erased: readonly Uint8Array[], texts: readonly string[]): (text: string) => boolean {
    const { keystore } = this.#o.capture;
    const handleOf = (text: string) => toHex(keystore.handleOf(patient(text)));
    const known = new Set(texts);
    const others = new Set(erased.map((subject) => toHex(subject)));
    for (const text of texts) others.delete(handleOf(text));
    return (text) => known.has(text) || (others.size > 0 && others.has(handleOf(text)));
  }

  async #forgetNames(isMeant: ReturnType<typeof whoseName>): Promise<number> {
    const { index } = this.#o.capture;
    let names = 0;
    const end = index.rowCount();
    for (let from = 0; from < end; from += ROWS_AT_ONCE) {
      names += index.forgetNames(from, Math.min(end, from + ROWS_AT_ONCE), isMeant);
      await this.#pause(0);
    }
    return names;
  }

  #rowContext() {
    const { handles, primitives, keystore } = this.#o.capture;
    return { handles, primitives, keystore, tables: this.#o.tables };
  }

  /** @throws when the session ends */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal });
  }
}

const unknownPatient = () =>
  captureError(
    "capture/unknown-patient",
    "no row of a patient with this id was captured: give the id as it stands in the columns that name patients",
  );
