/** The step in which members suspend one of them, which goes on working in the very block, and mostly take it in again. */
import type { Chance } from "../random.ts";
import type { Client } from "./client.ts";
import type { World } from "./world.ts";

export async function suspension(world: World, chance: Chance): Promise<void> {
  world.welcome(chance);
  const whom = chance.pick(world.clients);
  await decided(world, chance, "suspend", whom);
  if (chance.once(9, 10)) await decided(world, chance, "reinstate", whom);
}

/** All others agree at once, and whom it is about submits before and behind the vote that carries it. */
async function decided(world: World, chance: Chance, type: "suspend" | "reinstate", whom: Client): Promise<void> {
  const others = world.clients.filter((each) => each !== whom);
  if (others.length === 0) return;
  await world.submit(chance, [chance.pick(others).about(chance, world.agreed, type, whom.id)]);
  const newest = world.members.proposals - 1;
  const votes = newest < 0 ? [] : others.map((each) => each.agree(chance, world.agreed, newest));
  const work = () => whom.flood(chance, world.agreed, 1);
  await world.submit(chance, [work(), ...votes, work(), work()]);
}
