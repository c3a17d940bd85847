/** Kill -9 of MariaDB and of its capture at random moments with work in flight. `npm run soak` does a hundred of each. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noMariadb } from "./capture/mariadb-place.ts";
import { delays } from "./kill/harness.ts";
import { type MariadbCount, MariadbKills } from "./kill/mariadb.ts";

const KILLS = 5;
const seed = Number(process.env["ANAMNESIS_SEED"] ?? Date.now() % 1_000_000);

const name = `kill -9 of MariaDB and its capture, seed ${seed}`;
describe.skipIf(noMariadb(name))(name, () => {
  let kills: MariadbKills;
  let count: MariadbCount;

  beforeAll(async () => {
    kills = await MariadbKills.start();
  }, 120_000);
  afterAll(() => kills.close());

  it(`survives ${KILLS} kills of each`, async () => {
    const chance = delays(seed);
    for (let i = 0; i < KILLS; i++) {
      await kills.kill("capture", chance());
      await kills.kill("mariadb", chance());
    }
    count = await kills.count();
    expect(count.inFlight).toHaveLength(2 * KILLS);
    console.log(`kill tests, MariaDB: ${JSON.stringify(count)}`);
  }, 180_000);

  it("holds every committed transaction exactly once", () => {
    const { transactions } = count;
    expect(count).toMatchObject({ creates: transactions, updates: transactions, doubles: 0, declared: 0 });
    expect(transactions).toBeGreaterThan(100);
  });

  it("verifies clean, from the cache and from the ledger's entries", () => {
    expect(count.findings).toEqual([]);
  });

  it("really had events in flight at each kill", () => {
    for (const events of count.inFlight) expect(events).toBeGreaterThan(0);
  });
});
