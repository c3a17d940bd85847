/** Out of the publication, write, and back, in one transaction; while the ward works and capture runs. */
import { plant } from "../plant.ts";
import { type Attack, census } from "./scene.ts";

export const publication: Attack = {
  name: "publication",
  async carryOut(scene) {
    const { url, seed, count } = scene;
    const ward = scene.work(300);
    const planted = await plant({ url, publication: scene.publication, seed, count });
    await ward;
    return { planted, outcome: await scene.quietly(() => census(url)) };
  },
};
