/** What is put into place by a rename was flushed before; a power cut finds the old or the new, never half of one. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flush, hashFile, writeFlushed } from "../src/copies/files.ts";
import { temporaryFolder } from "./support.ts";

describe("what a power cut must not take", () => {
  const real = { fsyncSync: fs.fsyncSync, closeSync: fs.closeSync };
  let folder: ReturnType<typeof temporaryFolder>;
  /** Descriptors in the order in which they were flushed and closed. */
  let calls: string[];
  beforeEach(() => {
    folder = temporaryFolder();
    calls = [];
    fs.fsyncSync = (fd) => {
      real.fsyncSync(fd);
      calls.push(`flushed ${fd}`);
    };
    fs.closeSync = (fd) => {
      real.closeSync(fd);
      calls.push(`closed ${fd}`);
    };
    syncBuiltinESMExports();
  });
  afterEach(() => {
    Object.assign(fs, real);
    syncBuiltinESMExports();
    folder.remove();
  });
  const flushedBeforeClosed = () =>
    calls.flatMap((call, i) => (call.startsWith("closed") ? [calls[i - 1] === call.replace("closed", "flushed")] : []));

  it("is a small file that says what the folder is", () => {
    writeFlushed(join(folder.dir, "mark"), "a note");
    expect(flushedBeforeClosed()).toEqual([true]);
  });

  it("is a name in a folder", () => {
    flush(folder.dir);
    expect(flushedBeforeClosed()).toEqual([true]);
  });

  it("is a copy; what is only read needs no flush", async () => {
    const file = join(folder.dir, "file");
    fs.writeFileSync(file, "some bytes");
    await hashFile(file, {}, join(folder.dir, "copy"));
    expect(calls.filter((call) => call.startsWith("flushed"))).toHaveLength(1);
    expect(flushedBeforeClosed()[0]).toBe(true);
    calls = [];
    await hashFile(file, {});
    expect(flushedBeforeClosed()).toEqual([false]);
  });
});
