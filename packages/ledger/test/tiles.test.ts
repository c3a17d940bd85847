import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consistencyPath,
  inclusionPath,
  leafHash,
  leafHashes,
  treeHash,
  verifyConsistency,
  verifyInclusion,
} from "../src/merkle.ts";
import {
  appendTiles,
  decodeBundle,
  encodeBundle,
  formatTilePath,
  parseTilePath,
  tileReader,
  tileWidth,
} from "../src/tiles.ts";
import { buildLog, codeThrown, hex, leaf, leaves, p } from "./support.ts";

describe("tile paths", () => {
  it("writes the names of the specification", () => {
    expect(formatTilePath({ level: 0, index: 1234067, width: 256 })).toBe("tile/0/x001/x234/067");
    expect(formatTilePath({ level: "entries", index: 0, width: 17 })).toBe("tile/entries/000.p/17");
    expect(formatTilePath({ level: 63, index: 1000, width: 255 })).toBe("tile/63/x001/000.p/255");
  });

  it("reads back what it writes", () => {
    const level = fc.oneof(fc.constant("entries" as const), fc.integer({ min: 0, max: 63 }));
    fc.assert(
      fc.property(level, fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (l, index, width) => {
        const id = { level: l, index, width };
        expect(parseTilePath(formatTilePath(id))).toEqual(id);
      }),
    );
  });

  it.each([
    "",
    "/tile/0/000",
    "tile/0/000/",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/0/0",
    "tile/0/0000",
    "tile/0/x000/001",
    "tile/0/001/x002",
    "tile/0/x1/002",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/01",
    "tile/0/000.p/300",
    "tile/0/000.p/",
    "tile/0/x999/x999/x999/x999/x999/999",
    "tile/0/../000",
    "tile/entries/00a",
    "tile/Entries/000",
    "tile/0/000\n",
  ])("refuses %j", (path) => {
    expect(codeThrown(() => parseTilePath(path))).toBe("ledger/malformed");
  });
});

describe("entry bundles", () => {
  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 256 }), (entries) => {
        expect(decodeBundle(encodeBundle(entries))).toEqual(entries);
      }),
    );
  });

  it("prefixes the length as two big-endian bytes", () => {
    expect(hex(encodeBundle([new Uint8Array(0), new Uint8Array(258).fill(7)]).subarray(0, 5))).toBe("0000010207");
  });

  it("refuses what is cut off, too many, or too long", () => {
    expect(codeThrown(() => decodeBundle(Uint8Array.of(0)))).toBe("ledger/malformed");
    expect(codeThrown(() => decodeBundle(Uint8Array.of(0, 2, 9)))).toBe("ledger/malformed");
    expect(codeThrown(() => decodeBundle(new Uint8Array(2 * 257)))).toBe("ledger/malformed");
    expect(decodeBundle(new Uint8Array(2 * 256))).toHaveLength(256);
    expect(codeThrown(() => encodeBundle([new Uint8Array(65_536)]))).toBe("ledger/too-large");
    expect(decodeBundle(encodeBundle([new Uint8Array(65_535)]))[0]).toHaveLength(65_535);
  });
});

describe("appending", () => {
  it("gives the tiles of the specification's example: 70,000 leaves", () => {
    const { store, size } = buildLog(70_000, [4096, 1, 333]);
    const count = (level: number) => [...store.tiles.keys()].filter((k) => k.startsWith(`${level}/`)).length;
    expect([count(0), count(1), count(2), count(3)]).toEqual([274, 2, 1, 0]);
    expect(store.read(0, 273)).toHaveLength(112 * 32);
    expect(store.read(1, 0)).toHaveLength(8192);
    expect(store.read(1, 1)).toHaveLength(17 * 32);
    expect(store.read(2, 0)).toHaveLength(32);
    expect(hex(store.read(2, 0)!)).toBe(hex(treeHash(p, store.read(1, 0)!)));
    expect(tileWidth(0, 273, size)).toBe(112);
    expect(tileWidth(0, 274, size)).toBe(0);
  });

  it("gives the same tiles and root however the leaves are cut into appends", () => {
    const n = fc.integer({ min: 0, max: 1200 });
    const pieces = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(n, pieces, (size, cut) => {
        const once = buildLog(size);
        const many = buildLog(size, cut);
        expect(hex(many.root)).toBe(hex(treeHash(p, leafHashes(p, leaves(size)))));
        expect(Object.fromEntries(many.store.tiles)).toEqual(Object.fromEntries(once.store.tiles));
      }),
      { numRuns: 12 },
    );
  });

  it("gives the same with the frontier handed on, and leaves the given one as it was", () => {
    const read = () => undefined;
    const first = appendTiles(p, read, 0, leafHashes(p, leaves(300)));
    const before = hex(first.frontier.root());
    const tiles = new Map(first.writes.map((w) => [`${w.level}/${w.index}`, w.data]));
    const get = (level: number, index: number) => tiles.get(`${level}/${index}`);
    const more = leafHashes(p, leaves(400, 300));
    expect(appendTiles(p, get, 300, more, first.frontier).writes).toEqual(appendTiles(p, get, 300, more).writes);
    expect(hex(first.frontier.root())).toBe(before);
  });

  it("writes nothing for nothing", () => {
    const { store, size, root } = buildLog(513);
    const again = appendTiles(p, store.read, size, new Uint8Array(0));
    expect(again.writes).toEqual([]);
    expect(hex(again.root)).toBe(hex(root));
  });

  it("refuses a store whose right edge is missing or cut off", () => {
    const { store, size } = buildLog(300);
    const add = () => appendTiles(p, store.read, size, leafHashes(p, leaves(1, size)));
    expect(codeThrown(add)).toBe("no error");
    store.tiles.set("0/1", store.read(0, 1)!.subarray(0, 43 * 32));
    expect(codeThrown(add)).toBe("ledger/damaged-store");
    store.tiles.delete("0/1");
    expect(codeThrown(add)).toBe("ledger/damaged-store");
  });
});

describe("proofs out of tiles", () => {
  it("proves inclusion and consistency over a log of several tile levels", () => {
    const { store, size, root } = buildLog(70_000, [4096]);
    const reader = tileReader(p, store.read, size);
    for (const index of [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999]) {
      const path = inclusionPath(p, reader, index, size);
      expect(path.length).toBeLessThanOrEqual(17);
      expect(verifyInclusion(p, leafHash(p, leaf(index)), index, size, path, root)).toBe(true);
    }
    for (const m of [1, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 69_999]) {
      const older = { size: m, root: treeHash(p, leafHashes(p, leaves(m))) };
      expect(verifyConsistency(p, older, { size, root }, consistencyPath(p, reader, m, size))).toBe(true);
    }
  });

  it("serves an older size from newer tiles", () => {
    const { store } = buildLog(1000);
    const old = 700;
    const path = inclusionPath(p, tileReader(p, store.read, old), 3, old);
    expect(verifyInclusion(p, leafHash(p, leaf(3)), 3, old, path, treeHash(p, leafHashes(p, leaves(old))))).toBe(true);
  });
});
