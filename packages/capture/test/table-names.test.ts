import { toHex } from "@anamnesis/core";
import { handles } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { beforeEach, describe, expect, it } from "vitest";
import type { TableSchema } from "../src/source.ts";
import { type NamesKnown, namingsOf, replacementsOf, tableHandles } from "../src/table-names.ts";
import type { MetTable } from "../src/table-notes.ts";

const named = tableHandles(handles(native, new Uint8Array(32).fill(4)));
const bound = new Map<string, Uint8Array>();
let met: MetTable[] = [];
let events: string[] = [];

/** A look at the catalog: tables as `name id`, by which handle (the name it stands for) each is known afterwards. */
function look(...tables: readonly `${string} ${string}`[]): string {
  return lookAt(tables, []);
}

/** `slight`: ids of tables that are followed when others have their names. */
function lookAt(tables: readonly `${string} ${string}`[], slight: readonly string[]): string {
  const seen = tables.map((text) => {
    const [name = "", id = ""] = text.split(" ");
    return { name, id } as TableSchema;
  });
  const known: NamesKnown = {
    met,
    bound,
    followed: new Set(slight),
    hasEvents: (h) => events.some((e) => toHex(named.nameHandle(e)) === toHex(h)),
  };
  const namings = namingsOf(seen, named, known);
  for (const { name, table } of namings) bound.set(toHex(name), table);
  named.bind(bound);
  for (const { name, id = "" } of seen) {
    const handle = named.table(name);
    met = [...met.filter((m) => toHex(m.handle) !== toHex(handle)), { handle, name, id, told: undefined }];
  }
  const words = ["a", "b", "c", "a\0" + "3", "a\0" + "4", "b\0" + "3"];
  const word = (handle: Uint8Array) => words.find((w) => toHex(named.nameHandle(w)) === toHex(handle)) ?? "?";
  return seen.map(({ name }) => `${name}=${word(named.table(name)).replace("\0", "#")}`).join(" ");
}

describe("which table a name stands for", () => {
  beforeEach(() => {
    bound.clear();
    named.bind(bound);
    met = [];
    events = [];
  });

  it("follows a table that is renamed, there and back, and on", () => {
    expect(look("a 1", "b 2")).toBe("a=a b=b");
    expect(look("c 1", "b 2")).toBe("c=a b=b");
    expect(look("a 1", "b 2")).toBe("a=a b=b");
    expect(look("c 1", "b 2")).toBe("c=a b=b");
  });

  it("says the new name again when it was noted but the ledger never got to know it", () => {
    look("a 1");
    look("b 1");
    bound.clear();
    expect(look("b 1")).toBe("b=a");
  });

  it("goes on by name when a table was made anew, as a restore does", () => {
    expect(look("a 1")).toBe("a=a");
    expect(look("a 2")).toBe("a=a");
  });

  it("leaves names where they were when two tables swap them", () => {
    look("a 1", "b 2");
    expect(look("a 2", "b 1")).toBe("a=a b=b");
  });

  it("holds a substitute to what is known of the name, when the renaming is seen with it", () => {
    look("a 1");
    expect(look("c 1", "a 3")).toBe("c=c a=a");
  });

  it("follows a renamed table when the one that took its name is no copy of it", () => {
    look("a 1", "b 2");
    expect(lookAt(["c 1", "a 3", "b 2"], ["1"])).toBe("c=a a=a#3 b=b");
    expect(look("c 1", "a 3", "b 2")).toBe("c=a a=a#3 b=b");
    expect(look("a 3", "b 2")).toBe("a=a#3 b=b");
  });

  it("knows what it decided when the ledger never got to know it", () => {
    look("a 1");
    lookAt(["c 1", "a 3"], ["1"]);
    bound.clear();
    const known: NamesKnown = { met, bound, hasEvents: () => false };
    const tables = ["c 1", "a 3"].map((text) => ({ name: text[0], id: text[2] }) as TableSchema);
    const found = replacementsOf(tables, named, known);
    expect(found.map((r) => [r.former.id, r.fresh.id, r.decided])).toEqual([["1", "3", true]]);
    expect(lookAt(["c 1", "a 3"], ["1"])).toBe("c=a a=a#3");
  });

  it("follows no table whose name went to a known one, and none to a name that is known", () => {
    look("a 1", "b 2");
    expect(lookAt(["c 1", "a 2"], ["1"])).toBe("c=c a=a");
    expect(lookAt(["b 1", "a 3"], ["1"])).toBe("b=b a=a");
  });

  it("gives a table of its own to a name that went on with a renamed one", () => {
    look("a 1");
    look("b 1");
    expect(look("b 1", "a 3")).toBe("b=a a=a#3");
    expect(look("b 1", "a 3")).toBe("b=a a=a#3");
  });

  it("does so as well when the renamed table came back to its first name", () => {
    look("a 1");
    look("b 1");
    look("a 1");
    expect(look("a 1", "b 3")).toBe("a=a b=b#3");
  });

  it("does not take a table for another one that the ledger knows, whatever its number", () => {
    look("a 1");
    events = ["b"];
    expect(look("b 1")).toBe("b=b");
  });
});
