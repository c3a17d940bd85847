/**
 * Kill -9 of the node and of PostgreSQL at random moments with work in flight. Afterwards nothing is lost, nothing stands
 * twice, and every check is clean. `npm run soak` does a hundred of each.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Count, delays, KillHarness } from "./kill/harness.ts";

const KILLS = 5;
const seed = Number(process.env["ANAMNESIS_SEED"] ?? Date.now() % 1_000_000);

describe(`kill -9 under load, seed ${seed}`, () => {
  let harness: KillHarness;
  let count: Count;

  beforeAll(async () => {
    console.log(`kill tests: seed ${seed} (set ANAMNESIS_SEED to repeat)`);
    harness = await KillHarness.start(seed);
  });

  afterAll(async () => {
    await harness.close();
  });

  it(`survives ${KILLS} kills of the node and ${KILLS} of PostgreSQL`, async () => {
    const chance = delays(seed);
    for (let i = 0; i < KILLS; i++) {
      await harness.kill("node", chance());
      await harness.kill("postgres", chance());
    }
    expect(harness.kills).toHaveLength(2 * KILLS);
    await harness.stopWard();
  });

  it("verifies clean, with the node running and from the ledger's entries", async () => {
    const cache = await harness.verify();
    expect(cache.out).toContain('"totals":{"altered":0,"missing":0,"unexplained":0,"erased":0,"unvouched":0}');
    expect(cache.code).toBe(0);
    expect(await harness.stopNode()).toBe(0);
    const fromLog = await harness.command("verify", "ehr", "--dir", harness.dir, "--from-log", "--json");
    expect([fromLog.code, fromLog.out]).toEqual([0, expect.stringContaining('"altered":[]')]);
  });

  it("has a sound ledger", async () => {
    const { code, out } = await harness.command("log", "verify", "--dir", harness.dir, "--json");
    expect([code, out]).toEqual([0, expect.stringContaining('"ok":true')]);
  });

  it("holds every committed transaction exactly once", async () => {
    count = await harness.count();
    console.log(`kill tests: ${JSON.stringify(count)}, ${harness.written} rows written`);
    expect(count).toMatchObject({ doubles: 0, declared: 0, differing: 0 });
    expect(count.transactions).toBeGreaterThan(100);
  });

  it("really had events in flight at each kill", () => {
    for (const events of count.inFlight) expect(events).toBeGreaterThan(0);
  });
});
