/**
 * The server's log as files in a folder, read on from where we stopped. A file is known by its first line, which holds
 * time, process and number and so is like no other: renaming, copying and truncating it, and an inode used again, all
 * leave that as it is.
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { FilePlace } from "./spool.ts";

/** A file that can be read from. `read` gives how many bytes it put into the buffer: 0 at the end. */
export interface LogFile {
  readonly identity: string;
  /** First line's time as written: the order of files. */
  readonly began: string;
  size(): number;
  read(offset: number, into: Buffer): number;
  /** Whether it still begins as it did: a file that was truncated and has grown since is another one. */
  same(): boolean;
  close(): void;
}

const FIRST_LINE_MAX = 65_536;
const FILES_MAX = 10_000;
/** Time, process and number of the first line stand in so much of it. */
const HEAD_BYTES = 256;

/** Which files: a folder (all that end in `.json`), or one path whose last part may hold `*`. */
export class LogFolder {
  readonly dir: string;
  readonly #name: RegExp;
  readonly #known = new Map<string, { readonly ino: number; readonly size: number; readonly file: Identified }>();

  constructor(path: string) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    this.dir = isFolder ? path : dirname(path);
    const pattern = isFolder ? "*.json" : basename(path);
    const literal = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    // Renamed ones (`postgresql.json.1`) go with the one that they were.
    this.#name = new RegExp(`^${literal.join(".*")}(?:\\.\\d+)?$`, "u");
  }

  /** The files that have a first line, oldest first. @throws what the file system throws when the folder cannot be read. */
  list(): readonly Identified[] {
    const found = new Map<string, Identified & { readonly size: number }>();
    for (const name of readdirSync(this.dir).slice(0, FILES_MAX)) {
      if (!this.#name.test(name)) continue;
      const file = this.#identify(join(this.dir, name));
      // The same first line twice: one is a copy that is being made. The longer one holds what the other does.
      if (file !== undefined && file.size >= (found.get(file.identity)?.size ?? 0)) found.set(file.identity, file);
    }
    return [...found.values()].toSorted((a, b) => compare(a.began, b.began) || compare(a.identity, b.identity));
  }

  #identify(path: string): (Identified & { readonly size: number }) | undefined {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() !== true || stat.size === 0) return undefined;
    const known = this.#known.get(path);
    if (known !== undefined && known.ino === stat.ino && known.size === stat.size)
      return { ...known.file, size: stat.size };
    const file = firstLine(path);
    if (file === undefined) return undefined;
    this.#known.set(path, { ino: stat.ino, size: stat.size, file });
    return { ...file, size: stat.size };
  }
}

export interface Identified {
  readonly path: string;
  readonly identity: string;
  readonly began: string;
}

function firstLine(path: string): Identified | undefined {
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(FIRST_LINE_MAX);
    const bytes = buffer.subarray(0, readSync(fd, buffer, 0, FIRST_LINE_MAX, 0));
    const end = bytes.indexOf(0x0a);
    if (end < 0 && bytes.length < FIRST_LINE_MAX) return undefined;
    const line = end < 0 ? bytes : bytes.subarray(0, end);
    const identity = createHash("sha256").update(line).digest("hex").slice(0, 32);
    const began = /"timestamp":"([^"]{1,40})"/.exec(line.toString("utf8"))?.[1] ?? "";
    return { path, identity, began };
  } finally {
    closeSync(fd);
  }
}

/** Opens a file for reading on; undefined when it is another one by now. */
export function openLog(file: Identified): LogFile | undefined {
  const fd = openSync(file.path, "r");
  const head = Buffer.alloc(HEAD_BYTES);
  const length = readSync(fd, head, 0, HEAD_BYTES, 0);
  const now = firstLine(file.path);
  if (now?.identity !== file.identity) {
    closeSync(fd);
    return undefined;
  }
  const again = Buffer.alloc(length);
  return {
    identity: file.identity,
    began: file.began,
    size: () => fstatSync(fd).size,
    read: (offset, into) => readSync(fd, into, 0, into.length, offset),
    same: () => readSync(fd, again, 0, length, 0) === length && again.equals(head.subarray(0, length)),
    close: () => closeSync(fd),
  };
}

export const placeAt = (file: Pick<LogFile, "identity" | "began">, offset: number): FilePlace => ({
  identity: file.identity,
  began: file.began,
  offset,
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
