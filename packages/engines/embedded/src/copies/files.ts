/** Files that are whole or absent, also after a power cut. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { toHex } from "@anamnesis/core";

const PIECE_BYTES = 4 * 1024 * 1024;

export interface Hashed {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export interface Pieces {
  readonly signal?: AbortSignal;
  /** Bytes done. */
  readonly onProgress?: (done: number) => void;
}

/** Makes what was written to a file, or names in a folder, durable. */
export function flush(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function writeFlushed(path: string, text: string): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 of a file, which is copied to `to`, flushed, when that is given. Other work goes on between two pieces. */
export async function hashFile(path: string, { signal, onProgress }: Pieces, to?: string): Promise<Hashed> {
  const from = openSync(path, "r");
  try {
    const out = to === undefined ? undefined : openSync(to, "wx", 0o600);
    try {
      const hash = createHash("sha256");
      const piece = new Uint8Array(PIECE_BYTES);
      let bytes = 0;
      for (let n = readSync(from, piece); n > 0; n = readSync(from, piece)) {
        signal?.throwIfAborted();
        const part = piece.subarray(0, n);
        hash.update(part);
        if (out !== undefined) writeFully(out, part);
        bytes += n;
        onProgress?.(bytes);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (out !== undefined) fsyncSync(out);
      return { bytes, sha256: toHex(hash.digest()) };
    } finally {
      if (out !== undefined) closeSync(out);
    }
  } finally {
    closeSync(from);
  }
}

function writeFully(fd: number, part: Uint8Array): void {
  let at = 0;
  while (at < part.length) at += writeSync(fd, part, at);
}

export const removeAll = (path: string): void => rmSync(path, { recursive: true, force: true });
