/** What a folder remembers as sealed, against the ledger that it has: for `log verify`. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { encode } from "@anamnesis/core";
import { openReader } from "@anamnesis/embedded";
import { formatNote, MEMBER_SET, parseNote, provedState, type SealedState, sealedToCbor } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Folder } from "../src/folder/folder.ts";
import { sealProblems } from "../src/follower/seal-check.ts";
import { SealStore } from "../src/follower/seal-store.ts";
import { primitives } from "../src/index.ts";
import { Consortium } from "./consortium.ts";

const MEMBERS = ["nord", "ost", "sued"];

describe("seals of a folder, held against its ledger", () => {
  let c: Consortium;
  beforeEach(async () => {
    c = new Consortium(MEMBERS);
    await c.open();
    await c.event("nord");
  });
  afterEach(() => c.close());

  const seals = () => join(c.root, "seals.db");
  const sealed = async (): Promise<SealedState> => ({
    note: await c.note(MEMBERS),
    members: provedState(await c.engine.read(MEMBER_SET)),
  });
  const keep = (state: SealedState): boolean => {
    const store = new SealStore(seals(), c.genesis);
    const kept = store.add(state);
    store.close();
    return kept;
  };
  const problems = async (ledger = "ledger", orderer?: object) => {
    const folder = { layout: { seals: seals() }, genesis: c.genesis, config: { orderer } } as unknown as Folder;
    const reader = await openReader({ dir: join(c.root, ledger), primitives });
    const found = await sealProblems(folder, reader);
    await reader.close();
    return found.map(({ code, where }) => [code, where]);
  };

  it("are sound when the log continues them, and where there are none", async () => {
    expect(await problems()).toEqual([]);
    expect(keep(await sealed())).toBe(true);
    await c.event("ost");
    expect(await problems()).toEqual([]);
  });

  it("give away an orderer's older ledger; a follower's may be behind", async () => {
    cpSync(join(c.root, "ledger"), join(c.root, "older"), { recursive: true });
    await c.event("ost");
    keep(await sealed());
    expect(await problems("older")).toEqual([["ledger/rolled-back", "seals"]]);
    expect(await problems("older", {})).toEqual([]);
  });

  it("give away a ledger of the same size with another history", async () => {
    const other = new Consortium(MEMBERS);
    await other.open();
    await other.event("ost");
    const [note, read] = [await other.note(MEMBERS), await other.engine.read(MEMBER_SET)];
    expect(keep({ note, members: provedState(read) })).toBe(true);
    await other.close();
    expect(await problems()).toEqual([["ledger/rolled-back", "seals"]]);
    expect(await problems("ledger", {})).toEqual([["ledger/rolled-back", "seals"]]);
  });

  it.each([
    ["too few cosignatures", "ledger/not-sealed"],
    ["no note at all", "ledger/malformed"],
  ])("are found out with %s", async (what, code) => {
    const state = await sealed();
    keep(state);
    const { text, signatures } = parseNote(state.note);
    const note = what === "no note at all" ? "nothing" : formatNote(text, signatures.slice(0, 2));
    const db = new DatabaseSync(seals());
    db.prepare("UPDATE sealed SET data = ?").run(encode(sealedToCbor({ ...state, note })));
    db.close();
    expect(await problems()).toEqual([[code, "seals"]]);
  });

  it("are found out when the file holds something else", async () => {
    keep(await sealed());
    const db = new DatabaseSync(seals());
    db.exec("UPDATE sealed SET data = x'ff'");
    db.close();
    expect(await problems()).toEqual([["core/bad-encoding", "seals"]]);
  });
});
