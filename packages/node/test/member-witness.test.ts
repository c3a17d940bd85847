/** A member cosigns what it has executed itself, and nothing else. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex, utf8 } from "@anamnesis/core";
import { formatAddCheckpoint, handleAddCheckpoint } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Folder } from "../src/folder/folder.ts";
import { memberWitness, type Vouching } from "../src/follower/member-witness.ts";
import { SqliteWitnessStore } from "../src/index.ts";
import { Consortium } from "./consortium.ts";

describe("a member asked to cosign", () => {
  let world: Consortium;
  let store: SqliteWitnessStore;
  beforeEach(async () => {
    world = new Consortium(["nord", "ost"]);
    await world.open();
    await world.event("nord");
    writeFileSync(join(world.root, "cosigner.key"), toHex(world.cosignSeed("ost")));
    store = new SqliteWitnessStore(join(world.root, "cosigned.db"));
  });
  afterEach(async () => {
    store.close();
    await world.close();
  });

  async function asked(vouching: Vouching): Promise<readonly [number, number]> {
    const { genesis, root } = world;
    const config = { chain: genesis.chain, organisation: "ost" };
    const folder = { genesis, config, layout: { cosignerKey: join(root, "cosigner.key") } } as unknown as Folder;
    const { note, origin } = await world.engine.checkpoint();
    const body = utf8(formatAddCheckpoint({ old: 0, proof: [], note }));
    const { status } = await handleAddCheckpoint(memberWitness(folder, store, vouching), body);
    return [status, (await store.latest(origin))?.size ?? 0];
  }

  it("cosigns the tree that its own replay gave", async () => {
    const { size, root } = await world.engine.checkpoint();
    expect(await asked({ reach: async () => true, rootAt: () => root })).toEqual([200, size]);
  });

  it("never cosigns another one, although the log's key signed it", async () => {
    const rootAt = () => new Uint8Array(32).fill(1);
    expect(await asked({ reach: async () => true, rootAt })).toEqual([422, 0]);
  });

  it("asks for patience as long as its replay is not there", async () => {
    const { root } = await world.engine.checkpoint();
    expect(await asked({ reach: async () => false, rootAt: () => root })).toEqual([503, 0]);
  });
});
