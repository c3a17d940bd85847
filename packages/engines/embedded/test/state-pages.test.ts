import { codeOf, equal, toHex, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { EMPTY_STATE, updateState } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NodeOverlay } from "../src/node-overlay.ts";
import { SLOTS, StatePage } from "../src/state-page.ts";
import {
  nameOfPlace,
  nameOfUpper,
  nodesOfPage,
  type PageName,
  type PageWrite,
  pageKey,
  pageName,
  pathOf,
  placeOfPage,
  placeOfValue,
  slotOf,
  upperRow,
} from "../src/state-pages.ts";

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const depth = fc.integer({ min: 0, max: 255 });
const node = fc.uint8Array({ minLength: 65, maxLength: 65 });

/** Path of the node at a depth, from the definition: depth, the leading bits, zeros. */
function pathAt(keyHash: Uint8Array, at: number): Uint8Array {
  const bits = [...keyHash]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .slice(0, at);
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Uint8Array.of(at, ...bytes.map((each) => Number.parseInt(each.padEnd(8, "0"), 2)));
}

const storedName = (name: PageName): PageName => {
  const row = upperRow(name);
  return row === undefined ? nameOfPlace(placeOfPage(name)) : nameOfUpper(row);
};
const codeThrown = (work: () => unknown) => {
  try {
    work();
    return "nothing";
  } catch (error) {
    return codeOf(error);
  }
};

describe("a node's place", () => {
  it("property: path, page and slot say the same", () => {
    fc.assert(
      fc.property(hash, depth, (keyHash, at) => {
        const path = pathAt(keyHash, at);
        const name = pageName(path);
        expect(name.digits).toBe(at >> 2);
        expect(toHex(keyHash).startsWith(toHex(name.prefix).slice(0, name.digits))).toBe(true);
        expect(pathOf(name, slotOf(path))).toEqual(path);
        expect(storedName(name)).toEqual(name);
      }),
    );
  });

  it("property: two nodes have the same page key exactly when they have the same page", () => {
    fc.assert(
      fc.property(hash, hash, depth, depth, fc.nat(31), (a, b, depthA, depthB, shared) => {
        const near = Uint8Array.of(...a.slice(0, shared), ...b.slice(shared));
        const [first, second] = [pathAt(a, depthA), pathAt(near, depthB)];
        const samePage = toHex(placeOfPage(pageName(first))) === toHex(placeOfPage(pageName(second)));
        expect(pageKey(first) === pageKey(second)).toBe(samePage);
      }),
      { numRuns: 500 },
    );
  });

  it("property: no page lies where a value lies", () => {
    fc.assert(
      fc.property(hash, depth, (keyHash, at) => {
        expect(equal(placeOfPage(pageName(pathAt(keyHash, at))), placeOfValue(keyHash))).toBe(false);
      }),
    );
  });

  it.each([
    ["nothing", []],
    ["too few digits", [0xab, 3]],
    ["a value's number of digits", [...new Uint8Array(32), 64]],
    ["a prefix cut off", [0xab, 0xcd, 5]],
    ["a prefix too long", [0xab, 0xcd, 0xe0, 4]],
    ["half a byte that no digit fills", [0xab, 0xcd, 0xe1, 5]],
  ])("is refused among the values: %s", (_, bytes) => {
    expect(codeThrown(() => nameOfPlace(Uint8Array.from(bytes)))).toBe("ledger/damaged-store");
  });

  it.each([0, 2, 15, 32, 255, 8192, 65_536, 2 ** 40])("is refused among the upper levels: row %i", (row) => {
    expect(codeThrown(() => nameOfUpper(row))).toBe("ledger/damaged-store");
  });
});

describe("a page", () => {
  const nodes = fc.array(fc.option(node, { nil: undefined, freq: 2 }), { minLength: SLOTS, maxLength: SLOTS });
  const slot = fc.nat(SLOTS - 1);
  const changes = fc.array(fc.tuple(slot, fc.option(node, { nil: undefined })), { maxLength: 20 });
  const contentOf = (page: StatePage) => Array.from({ length: SLOTS }, (_, i) => page.get(i));
  const pageOf = (given: readonly (Uint8Array | undefined)[]) => {
    const page = new StatePage();
    given.forEach((each, i) => page.set(i, each));
    return page;
  };

  it("property: comes back as it was written, with what was changed", () => {
    fc.assert(
      fc.property(nodes, changes, (given, later) => {
        const stored = pageOf(given).encode();
        const page = new StatePage(stored);
        expect(page.changed).toBe(false);
        expect(contentOf(page)).toEqual(given);
        const model = [...given];
        for (const [at, each] of later) {
          page.set(at, each);
          model[at] = each;
        }
        expect(page.changed).toBe(later.length > 0);
        expect(contentOf(page)).toEqual(model);
        expect(page.encode()).toEqual(pageOf(model).encode());
        expect(page.encode() === undefined).toBe(model.every((each) => each === undefined));
      }),
    );
  });

  it("is refused when it is cut, too long, empty, or fills a slot that there is not", () => {
    const data = pageOf([undefined, new Uint8Array(65).fill(1), new Uint8Array(65).fill(2)]).encode();
    if (data === undefined) throw new Error("a page with two nodes");
    expect(data.length).toBe(132);
    for (let length = 0; length < data.length; length++) {
      expect(codeThrown(() => new StatePage(data.slice(0, length)))).toBe("ledger/damaged-store");
    }
    for (const bad of [Uint8Array.of(...data, 0), Uint8Array.of(0, 0), data.with(1, 1), data.with(0, 0)]) {
      expect(codeThrown(() => new StatePage(bad))).toBe("ledger/damaged-store");
    }
  });
});

describe("an overlay", () => {
  class Pages {
    readonly stored = new Map<string, Uint8Array>();
    reads = 0;

    page(name: PageName): Uint8Array | undefined {
      this.reads++;
      return this.stored.get(toHex(placeOfPage(name)));
    }

    write(writes: Iterable<PageWrite>): number {
      let count = 0;
      for (const { name, data } of writes) {
        if (data === undefined) this.stored.delete(toHex(placeOfPage(name)));
        else this.stored.set(toHex(placeOfPage(name)), data);
        count++;
      }
      return count;
    }
  }

  const key = fc.nat(60).map((n) => `k${n}`);
  const batch = fc.array(fc.tuple(key, fc.option(fc.uint8Array(), { nil: undefined })), { maxLength: 30 });

  it("property: the pages of any history are those of the state made at once", () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 6 }), (batches) => {
        const pages = new Pages();
        const state = new Map<string, Uint8Array>();
        let root: Uint8Array = EMPTY_STATE;
        for (const changes of batches) {
          const overlay = new NodeOverlay(pages);
          root = updateState(native, overlay, root, new Map(changes));
          pages.write(overlay);
          for (const [k, value] of new Map(changes)) {
            if (value === undefined) state.delete(k);
            else state.set(k, value);
          }
        }
        const fresh = new Pages();
        const overlay = new NodeOverlay(undefined);
        expect(toHex(updateState(native, overlay, EMPTY_STATE, state))).toBe(toHex(root));
        fresh.write(overlay);
        expect(pages.stored).toEqual(fresh.stored);
      }),
    );
  });

  it("reads and writes one page per four levels of a path", () => {
    const pages = new Pages();
    const overlay = new NodeOverlay(undefined);
    const many = new Map(Array.from({ length: 20_000 }, (_, i) => [`key ${i}`, utf8(`${i}`)]));
    const root = updateState(native, overlay, EMPTY_STATE, many);
    pages.write(overlay);
    const one = new NodeOverlay(pages);
    updateState(native, one, root, new Map([["key 7", utf8("other")]]));
    // 20,000 keys: leaves 14 to 24 levels deep.
    expect(pages.reads).toBeLessThanOrEqual(7);
    expect(pages.write(one)).toBe(pages.reads);
  });

  it("gives every node of a page with its path", () => {
    const overlay = new NodeOverlay(undefined);
    const paths = [0, 1, 2, 3].map((at) => pathAt(new Uint8Array(32).fill(0xab), at));
    paths.forEach((path, i) => overlay.put(path, new Uint8Array(65).fill(i)));
    const [write] = [...overlay];
    const found = write?.data === undefined ? [] : [...nodesOfPage(write.name, write.data)];
    expect(found).toEqual(paths.map((path, i) => [path, new Uint8Array(65).fill(i)]));
  });
});
