/** The step in which members seal what waits: mostly the one whose turn it is, sometimes another, sometimes wrongly. */
import { oddSealing, sealing, type ToSeal } from "../commands/incentive.ts";
import type { Chance } from "../random.ts";
import type { World } from "./world.ts";

/** What the member at place 1 of the line waits, ms. */
const TURN_MS = 60_000;
/** Between two seals, ms. */
const PAUSE_MS = 10_000;

export async function seal(world: World, chance: Chance): Promise<void> {
  if (!world.incentive.waits && chance.once(3, 4)) return;
  const line = world.incentive.line();
  const place = chance.once(1, 3) ? chance.below(line.length) : 0;
  world.clock.pass((chance.once(3, 4) ? PAUSE_MS : 0) + chance.below(5000) + (chance.once(3, 4) ? place * TURN_MS : 0));
  const creator = chance.once(1, 6) ? chance.pick(world.clients) : world.clients.find(({ id }) => id === line[place]);
  const members = world.cosigners;
  if (creator === undefined || members.length === 0) return;
  const { note, size, root } = await world.process.engine.checkpoint();
  const time = Math.floor(world.agreed / 1000);
  const what: ToSeal = { chain: world.founding.genesis.chain, note, size, root, time, sealed: world.sealed };
  const again = chance.once(1, 4) ? { ...what, ...what.sealed, time } : what;
  const draft = chance.once(1, 3)
    ? oddSealing(chance, what, members, world.formerCosigners)
    : sealing(chance, again, members);
  const group = [creator.send(chance, world.agreed, draft)];
  // Somebody else at the same moment, or the same once more.
  if (chance.once(1, 5)) group.push(chance.pick(world.clients).send(chance, world.agreed, draft));
  const before = world.incentive.sealedSize;
  await world.submit(chance, group);
  if (world.incentive.sealedSize !== before && world.incentive.sealedSize === BigInt(size)) world.sealed = what;
}
