/** What counts as sealed in a member's folder, and what is served of it. */
import { join } from "node:path";
import { orgId } from "@anamnesis/core";
import { MEMBER_SET, parseNote, provedState, type SealedState, type SealingMember } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { servedFrom } from "../src/follower/ordering.ts";
import { SealStore } from "../src/follower/seal-store.ts";
import { Sealing } from "../src/follower/sealing.ts";
import { Consortium } from "./consortium.ts";

const FOUNDERS = ["nord", "ost", "sued"];

describe("sealed checkpoints of a folder", () => {
  let world: Consortium;
  let store: SealStore;
  beforeEach(async () => {
    world = new Consortium(FOUNDERS);
    await world.open();
    store = new SealStore(join(world.root, "seals.db"), world.genesis);
  });
  afterEach(async () => {
    store.close();
    await world.close();
  });
  const cosignedBy = async (members: readonly string[]): Promise<SealedState> => ({
    note: await world.note(members),
    members: provedState(await world.engine.read(MEMBER_SET)),
  });

  it("the newest of an epoch stays, whatever comes late", async () => {
    const older = await cosignedBy(FOUNDERS);
    await world.event("nord");
    const newer = await cosignedBy(FOUNDERS);
    expect([store.add(newer), store.add(older)]).toEqual([true, true]);
    expect(store.sealed()?.note).toBe(newer.note);
  });

  it("what the old members cosigned leads to the new ones, and only those seal from then on", async () => {
    await world.join("am-see", ["nord", "ost"]);
    await world.join("west", FOUNDERS);
    const { epoch } = await world.set();
    expect(store.add(await cosignedBy(FOUNDERS))).toBe(false);
    expect([store.trusted.epoch, store.links.length, store.sealed()]).toEqual([epoch, 1, undefined]);
    await world.event("nord");
    expect(store.add(await cosignedBy(FOUNDERS))).toBe(false);
    expect([store.links.length, store.sealed()]).toEqual([1, undefined]);
    expect(store.add(await cosignedBy([...FOUNDERS, "west"]))).toBe(true);
  });

  it("need the members before as well: whoever went since the last link is asked too", async () => {
    await world.carry({ type: "remove", id: orgId("sued") }, ["nord", "ost"]);
    const asked = new Set<string>();
    const ask = ({ id }: SealingMember) => void asked.add(id);
    const sealing = new Sealing({ reader: world.engine, store, ask, pace: { roundMs: 5 } });
    await vi.waitFor(() => expect([...asked].toSorted()).toEqual(FOUNDERS), { timeout: 10_000 });
    await sealing.stop();
  });

  it("cosignatures are served with their own checkpoint, and with no other", async () => {
    const sealed = await cosignedBy(FOUNDERS);
    store.add(sealed);
    const served = servedFrom({ notes: () => [] }, store);
    const bare = await world.note([]);
    expect(parseNote(served.cosigned(bare)).signatures).toHaveLength(1 + FOUNDERS.length);
    await world.event("nord");
    const next = await world.note([]);
    expect(served.cosigned(next)).toBe(next);
  });
});
