/** Collecting cosignatures while members answer as they like. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { orgId } from "@anamnesis/core";
import {
  type AskWitness,
  cosigner,
  cosignerName,
  formatNote,
  isSealed,
  ledgerError,
  parseAddCheckpoint,
  parseNote,
  type SealingMember,
} from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SealStore, sizeOf } from "../src/follower/seal-store.ts";
import { Sealing } from "../src/follower/sealing.ts";
import { primitives as p } from "../src/index.ts";
import { Consortium } from "./consortium.ts";

const FOUNDERS = ["nord", "ost", "sued", "west"];
const WAIT = { timeout: 20_000 };

describe("with a member that answers late or never", () => {
  let world: Consortium;
  let store: SealStore;
  let sealing: Sealing | undefined;
  const end = new AbortController();
  const late = Promise.withResolvers<void>();
  beforeEach(async () => {
    world = new Consortium(FOUNDERS);
    await world.open();
    store = new SealStore(join(world.root, "seals.db"), world.genesis);
  });
  afterEach(async () => {
    end.abort();
    await sealing?.stop();
    store.close();
    await world.close();
  });

  /** As a member that has executed everything; it makes `west` wait, which counts how often it is asked. */
  const cosigns = (id: string): AskWitness => {
    const key = cosigner(p, cosignerName(world.genesis.chain, orgId(id)), world.cosignSeed(id));
    return async (body) => {
      const { text } = parseNote(parseAddCheckpoint(body).note);
      if (id === "west") await waits();
      return { status: 200, body: formatNote(text, [key.cosign(text, 1_700_000_100)]).slice(text.length + 1) };
    };
  };
  let asked = 0;
  const waits = async (): Promise<void> => {
    asked++;
    await Promise.race([late.promise, sleep(600_000, undefined, { signal: end.signal })]).catch(() => {
      throw ledgerError("ledger/closed", "the test is over");
    });
  };
  it("the others go on sealing; it is asked once at a time, and what it says at last still counts", async () => {
    const ask = ({ id }: SealingMember) => cosigns(id);
    sealing = new Sealing({ reader: world.engine, store, ask, pace: { roundMs: 5, graceMs: 5 } });
    for (const author of ["nord", "ost", "sued"]) {
      await world.event(author);
      const { size } = await world.engine.checkpoint();
      await vi.waitFor(() => expect(sealing?.state).toMatchObject({ sealedSize: size, sealedBy: 3 }), WAIT);
    }
    expect(asked).toBe(1);
    late.resolve();
    await vi.waitFor(() => expect(sealing?.state.sealedBy).toBe(4), WAIT);
    await sealing.stop();
    const newest = store.sealed();
    const isAll = newest !== undefined && isSealed(p, world.genesis.chain, await world.set(), newest.note);
    expect([isAll, newest && sizeOf(newest)]).toEqual([true, (await world.engine.checkpoint()).size]);
    sealing = new Sealing({ reader: world.engine, store, ask: () => undefined });
    expect(sealing.state).toMatchObject({ sealedSize: newest && sizeOf(newest), sealedBy: 4 });
  });
});
