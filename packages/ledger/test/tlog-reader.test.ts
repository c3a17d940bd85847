import { beforeAll, describe, expect, it } from "vitest";
import { encodeBundle } from "../src/bundle.ts";
import { formatTilePath, tileWidth } from "../src/tiles.ts";
import { readLog } from "../src/tlog-reader.ts";
import { buildLog, hex, leaf, leaves, naiveRoot, p } from "./support.ts";

type Files = Map<string, Uint8Array>;

/** A log as the plain files that `log export` would write. */
function exportLog(size: number): { files: Files; checkpoint: { size: number; root: Uint8Array } } {
  const { store, root } = buildLog(size, [1000]);
  const files: Files = new Map();
  for (const [key, data] of store.tiles) {
    const [level, index] = key.split("/").map(Number) as [number, number];
    files.set(formatTilePath({ level, index, width: data.length / 32 }), data);
  }
  for (let index = 0; index * 256 < size; index++) {
    const width = tileWidth(0, index, size);
    files.set(formatTilePath({ level: "entries", index, width }), encodeBundle(leaves(width, index * 256)));
  }
  return { files, checkpoint: { size, root } };
}

async function read(files: Files, checkpoint: { size: number; root: Uint8Array }, from = 0) {
  const found: string[] = [];
  const fetched: string[] = [];
  const fetch = (path: string) => {
    fetched.push(path);
    return Promise.resolve(files.get(path));
  };
  try {
    for await (const { index, leaf: bytes } of readLog(p, fetch, checkpoint, from)) {
      expect(hex(bytes)).toBe(hex(leaf(index)));
      found.push(String(index));
    }
    return { found, fetched, damaged: undefined };
  } catch (error) {
    const { code, details } = error as { code?: string; details?: { path?: string } };
    expect(code).toBe("ledger/damaged-tile");
    return { found, fetched, damaged: details?.path };
  }
}

describe("reading a whole log", () => {
  it.each([0, 1, 255, 256, 257, 512, 700, 66_000])("gives every leaf of a log of %i once, in order", async (n) => {
    const { files, checkpoint } = exportLog(n);
    const { found, fetched, damaged } = await read(files, checkpoint);
    expect(damaged).toBeUndefined();
    expect(found).toEqual(Array.from({ length: n }, (_, i) => String(i)));
    expect(fetched.length).toBe(files.size);
  });

  it("begins where it is told and fetches no bundle before it", async () => {
    const { files, checkpoint } = exportLog(1500);
    const { found, fetched } = await read(files, checkpoint, 1100);
    expect(found[0]).toBe("1100");
    expect(found).toHaveLength(400);
    expect(fetched.filter((f) => f.includes("entries"))).toEqual(["tile/entries/004", "tile/entries/005.p/220"]);
  });

  it("takes the full tile where the partial one was dropped", async () => {
    const old = exportLog(700).checkpoint;
    const { files } = exportLog(1100);
    const { found, damaged } = await read(files, old);
    // Partial tile 2 is now full; the partial tile of level 1 exists only for the newer size.
    expect(damaged).toBe("tile/1/000.p/2");
    files.set("tile/1/000.p/2", (files.get("tile/1/000.p/4") as Uint8Array).slice(0, 64));
    expect((await read(files, old)).found).toHaveLength(700);
    expect(found).toEqual([]);
  });
});

describe("damage", () => {
  let files: Files;
  let checkpoint: { size: number; root: Uint8Array };
  beforeAll(() => {
    ({ files, checkpoint } = exportLog(700));
  });

  it("is found and named for a flipped byte in any file", async () => {
    for (const [path, data] of files) {
      for (const at of [0, Math.floor(data.length / 2), data.length - 1]) {
        const altered = new Map(files).set(path, data.with(at, (data[at] as number) ^ 0x10));
        expect((await read(altered, checkpoint)).damaged).toBe(path);
      }
    }
  });

  it("is found and named for a missing, cut or longer file, and nothing wrong is given out", async () => {
    for (const [path, data] of files) {
      const missing = new Map(files);
      missing.delete(path);
      const altered = [missing];
      for (const bytes of [data.slice(1), data.slice(0, -32), new Uint8Array(0), new Uint8Array([...data, 0])]) {
        altered.push(new Map(files).set(path, bytes));
      }
      for (const log of altered) expect((await read(log, checkpoint)).damaged).toBe(path);
    }
  });

  it("lies with the checkpoint when everything else agrees", async () => {
    const other = { size: 700, root: naiveRoot([leaf(1)]) };
    expect(await read(files, other)).toMatchObject({ found: [], damaged: "checkpoint" });
    expect((await read(new Map(), { size: 0, root: other.root })).damaged).toBe("checkpoint");
  });
});
