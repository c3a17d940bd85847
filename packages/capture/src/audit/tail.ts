/**
 * Follows the log over its files: reads on in each, turns to newer ones, notices when something is gone. Synchronous and
 * in small steps, because whoever wants to know who wrote a transaction looks here at once.
 */

import { type LineHandler, LineSplitter } from "./line-splitter.ts";
import { type Identified, type LogFile, LogFolder, openLog, placeAt } from "./log-files.ts";
import type { FilePlace } from "./spool.ts";

const CHUNK_BYTES = 256 * 1024;
/** A file that is not the newest is left when it did not grow for so long: the server writes to it no more. */
const QUIET_MS = 10_000;
/** The folder is looked through at most so often; the file under way is read at any time. */
const LIST_MS = 1_000;

export interface TailHandler extends LineHandler {
  /** A part of the log is gone that was not read, or may not have been. */
  lost(): void;
}

interface Followed {
  readonly file: LogFile;
  readonly lines: LineSplitter;
  grewAt: number;
}

export class LogTail {
  readonly #folder: LogFolder;
  readonly #handler: TailHandler;
  readonly #now: () => number;
  readonly #places: Map<string, FilePlace>;
  #followed: Followed[] = [];
  #moved = new Map<string, FilePlace>();
  readonly #buffer = Buffer.alloc(CHUNK_BYTES);
  #listedAt = Number.NEGATIVE_INFINITY;
  #behind = true;
  #gone: readonly string[] = [];

  /**
   * `places`: where reading stopped; undefined = never read before: what is there already is passed over.
   * @throws what the file system throws when the folder cannot be read.
   */
  constructor(path: string, places: readonly FilePlace[] | undefined, handler: TailHandler, now: () => number) {
    this.#folder = new LogFolder(path);
    this.#handler = handler;
    this.#now = now;
    this.#places = new Map(places?.map((place) => [place.identity, place]));
    const files = this.#folder.list();
    if (places === undefined) this.#passOver(files);
    else this.#resume(files, places);
  }

  get dir(): string {
    return this.#folder.dir;
  }

  /** Places of files that are there no more. */
  get gone(): readonly string[] {
    return this.#gone;
  }

  /** Something in the folder changed its name: the next step looks at all files. */
  look(): void {
    this.#listedAt = Number.NEGATIVE_INFINITY;
  }

  /** Everything that the files hold was read when they were looked at last. */
  get atEnd(): boolean {
    return !this.#behind;
  }

  /** Reads on, at most about `bytes`. Gives whether there may be more. */
  step(bytes: number): boolean {
    this.#list();
    let left = bytes;
    this.#behind = false;
    for (const each of this.#followed) {
      left -= this.#read(each, left);
      if (left > 0) continue;
      this.#behind = true;
      break;
    }
    this.#letGo();
    return this.#behind;
  }

  /** Places that moved since the last call. */
  takeMoved(): readonly FilePlace[] {
    const moved = [...this.#moved.values()];
    this.#moved = new Map();
    return moved;
  }

  close(): void {
    for (const { file } of this.#followed) file.close();
    this.#followed = [];
  }

  #read(each: Followed, max: number): number {
    let done = 0;
    const size = each.file.size();
    if (size < each.lines.next) return this.#shrunk(each, size);
    while (done < max) {
      const count = each.file.read(each.lines.next, this.#buffer);
      if (count === 0) break;
      if (!each.file.same()) return this.#shrunk(each, 0);
      each.lines.push(this.#buffer.subarray(0, count));
      done += count;
    }
    if (done > 0) {
      each.grewAt = this.#now();
      this.#move(placeAt(each.file, each.lines.offset));
    }
    return done;
  }

  /** Truncated under our hands: copied away first (then the copy is read to its end), or by a crash of the machine. */
  #shrunk(each: Followed, size: number): number {
    this.#listedAt = Number.NEGATIVE_INFINITY;
    this.#followed = this.#followed.filter((f) => f !== each);
    each.file.close();
    const again = this.#folder.list().find((f) => f.identity === each.file.identity);
    if (again === undefined || !this.#follow(again)) {
      if (size < each.lines.offset) this.#handler.lost();
    }
    return 0;
  }

  #list(): void {
    const now = this.#now();
    if (now - this.#listedAt < LIST_MS) return;
    this.#listedAt = now;
    const following = new Set(this.#followed.map((f) => f.file.identity));
    const files = this.#folder.list();
    for (const file of files) {
      if (following.has(file.identity)) continue;
      const place = this.#places.get(file.identity);
      if (place === undefined || file === files.at(-1) || this.#changed(file, place)) this.#follow(file);
    }
    this.#followed.sort((a, b) => (a.file.began < b.file.began ? -1 : a.file.began > b.file.began ? 1 : 0));
  }

  #changed(file: Identified, place: FilePlace): boolean {
    const opened = openLog(file);
    if (opened === undefined) return false;
    const size = opened.size();
    opened.close();
    return size !== place.offset;
  }

  #follow(file: Identified): boolean {
    const opened = openLog(file);
    if (opened === undefined) return false;
    const offset = this.#places.get(file.identity)?.offset ?? 0;
    if (opened.size() < offset) {
      this.#handler.lost();
      this.#move(placeAt(file, opened.size()));
    }
    const from = Math.min(offset, opened.size());
    this.#followed.push({ file: opened, lines: new LineSplitter(from, this.#handler), grewAt: this.#now() });
    this.#move(placeAt(file, from));
    return true;
  }

  #letGo(): void {
    const now = this.#now();
    const newest = this.#followed.at(-1);
    this.#followed = this.#followed.filter((each) => {
      if (each === newest || now - each.grewAt < QUIET_MS) return true;
      each.file.close();
      return false;
    });
  }

  #move(place: FilePlace): void {
    this.#places.set(place.identity, place);
    this.#moved.set(place.identity, place);
  }

  #passOver(files: readonly Identified[]): void {
    for (const file of files) {
      const opened = openLog(file);
      if (opened === undefined) continue;
      this.#move(placeAt(file, lastLineEnd(opened)));
      opened.close();
    }
    const newest = files.at(-1);
    if (newest !== undefined) this.#follow(newest);
  }

  /** The file that was under way must still be there: it may have grown while nobody looked. */
  #resume(files: readonly Identified[], places: readonly FilePlace[]): void {
    this.#gone = places.map((p) => p.identity).filter((identity) => !files.some((f) => f.identity === identity));
    const newest = places.at(-1);
    if (newest !== undefined && !files.some((f) => f.identity === newest.identity)) this.#handler.lost();
  }
}

/** Behind the last complete line. */
function lastLineEnd(file: LogFile): number {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (let end = file.size(); end > 0; ) {
    const from = Math.max(0, end - CHUNK_BYTES);
    const count = file.read(from, buffer.subarray(0, end - from));
    const at = buffer.subarray(0, count).lastIndexOf(0x0a);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}
