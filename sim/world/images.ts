/**
 * What a power cut may leave of a folder, given the folder as it lay after each operation. SQLite's WAL is written from
 * front to back but reaches the disk in any order until it is flushed; pages of the database are written back only when
 * the WAL that holds them is flushed; small files of ours are never flushed. (SQLite, "Write-Ahead Logging" and "WAL-mode
 * File Format": 32-byte header, then frames of 24 bytes and a page.)
 */
import type { Chance } from "../random.ts";
import type { Moment } from "./disk-spy.ts";
import type { Files } from "./files.ts";

export interface Image {
  readonly label: string;
  readonly files: Files;
}

const STORE = "ledger.sqlite";
const WAL = `${STORE}-wal`;
const SHM = `${STORE}-shm`;
const HEADER = 32;
const PAGE = 8192;
const FRAME = 24 + PAGE;
const NOTHING = new Uint8Array(0);

/** Every image of the cuts between the first moment and the last: literally each write, whole and torn. */
export function* imagesOf(moments: readonly Moment[], chance: Chance): Generator<Image> {
  for (const [i, after] of moments.entries()) {
    const before = moments[i - 1];
    if (before !== undefined) yield* between(before.files, after, chance);
    yield* settled(`after ${after.label}`, after.files, chance);
  }
}

function* between(before: Files, after: Moment, chance: Chance): Generator<Image> {
  const changed = [...after.files.keys()].filter((name) => differs(before.get(name), after.files.get(name)));
  if (changed.includes(WAL)) yield* walImages(before, after.files.get(WAL) ?? NOTHING, chance);
  const flushed = new Map(before).set(WAL, after.files.get(WAL) ?? NOTHING);
  if (changed.includes(STORE)) yield* storeImages(flushed, after.files.get(STORE) ?? NOTHING, chance);
  for (const name of changed) {
    if (name !== WAL && name !== STORE && name !== SHM) yield* smallFileImages(name, after.files);
  }
}

/** The WAL cut at every frame, one byte beside it, and inside; then with frames missing in the middle. */
function* walImages(before: Files, now: Uint8Array, chance: Chance): Generator<Image> {
  const old = before.get(WAL) ?? NOTHING;
  const first = firstDifference(old, now);
  const cuts = new Set<number>([first]);
  for (let end = HEADER; end <= now.length; end += FRAME) {
    if (end + FRAME <= first) continue;
    for (const cut of [end - 1, end, end + 1, end + 24, end + chance.between(25, FRAME - 1)]) cuts.add(cut);
  }
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut < first || cut > now.length) continue;
    yield* settled(`WAL cut at ${cut}`, new Map(before).set(WAL, overlay(old, now, first, cut)), chance);
  }
  for (let i = 0; i < 3; i++) {
    const holes = now.slice();
    const at = HEADER + FRAME * chance.below(Math.max(1, Math.floor((now.length - HEADER) / FRAME)));
    if (at + FRAME <= first) continue;
    holes.set(padded(old, at, Math.min(FRAME, now.length - at)), at);
    yield* settled(`WAL without the frame at ${at}`, new Map(before).set(WAL, holes), chance);
  }
}

/** Pages on their way back into the database: none, some, half a page. The WAL still holds them all. */
function* storeImages(flushed: Files, now: Uint8Array, chance: Chance): Generator<Image> {
  const old = flushed.get(STORE) ?? NOTHING;
  for (let i = 0; i < 4; i++) {
    const mixed = padded(old, 0, now.length);
    for (let page = 0; page < now.length; page += PAGE) {
      if (chance.once(1, 2)) mixed.set(now.subarray(page, page + PAGE), page);
    }
    const torn = PAGE * chance.below(now.length / PAGE);
    mixed.set(now.subarray(torn, torn + chance.below(PAGE)), torn);
    yield { label: "pages half written back", files: new Map(flushed).set(STORE, mixed) };
  }
}

/** A file that was never flushed: empty, or cut off. */
function* smallFileImages(name: string, files: Files): Generator<Image> {
  const now = files.get(name) ?? NOTHING;
  for (const length of [0, now.length >> 1, now.length - 1]) {
    if (length >= 0) yield { label: `${name} cut at ${length}`, files: new Map(files).set(name, now.slice(0, length)) };
  }
}

/** The shared memory file means nothing after a power cut: it may be there, gone, or garbage. */
function* settled(label: string, files: Files, chance: Chance): Generator<Image> {
  const changed = new Map(files);
  const kind = chance.below(3);
  if (kind === 0) changed.delete(SHM);
  if (kind === 1 && files.has(SHM)) changed.set(SHM, chance.bytes(256));
  yield { label, files: changed };
}

function overlay(old: Uint8Array, now: Uint8Array, first: number, cut: number): Uint8Array {
  const image = padded(old, 0, Math.max(old.length, cut));
  image.set(now.subarray(first, cut), first);
  return image;
}

/** A part of a file, zeros where it is shorter. */
function padded(bytes: Uint8Array, from: number, length: number): Uint8Array {
  const part = new Uint8Array(length);
  part.set(bytes.subarray(from, from + length));
  return part;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return length;
}

function differs(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined || Buffer.compare(a, b) !== 0;
}
