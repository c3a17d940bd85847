/** Data files changed while the server is stopped, checksums put right. */
import { difference } from "../census.ts";
import { planPages } from "../pages.ts";
import { SESSION } from "../shape.ts";
import { type Attack, asInsider, census } from "./scene.ts";

/** Some deeds may not fit their row (a value that is NULL, a full page). */
const SPARE = 1.5;

export const pages: Attack = {
  name: "pages",
  async carryOut(scene) {
    const { url, seed, count } = scene;
    await scene.settled();
    return scene.withoutCapture(async () => {
      const [before, plan] = await asInsider(url, async (client) => {
        await client.query(`${SESSION}; CHECKPOINT`);
        return [await census(url), await planPages(client, seed, Math.ceil(count * SPARE))] as const;
      });
      await scene.withoutServer((dataDir) => plan.carryOut(dataDir));
      const outcome = await census(url);
      return { planted: difference(before, outcome, "page"), outcome };
    });
  },
};
