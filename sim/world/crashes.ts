/** Steps in which power fails or the disk is full. */
import { toHex } from "@anamnesis/core";
import { require } from "../auditor/audit.ts";
import { hashOfLeaf, PlainLog } from "../auditor/trees.ts";
import type { Chance } from "../random.ts";
import { type Image, imagesOf } from "./images.ts";
import { faceOf, stateTable } from "./ledger-process.ts";
import type { World } from "./world.ts";

/** Power fails while nothing is written: whatever was acknowledged must be there afterwards. */
export async function crash(world: World, chance: Chance): Promise<void> {
  const files = world.spy.unflushed ?? world.process.files();
  const [image] = imagesOf([{ label: "rest", files }], chance);
  await rise(world, chance, image);
}

/** Power fails while blocks are written. A few of all possible images are looked at; one of them is the future. */
export async function crashInCommit(world: World, chance: Chance): Promise<void> {
  const { images, group } = await cuts(world, chance);
  if (images.length === 0) return;
  const history = await historyOf(world);
  for (let i = 0; i < 2; i++) await inspect(world, chance.pick(images), history, group);
  await rise(world, chance, chance.pick(images));
}

/** The same with every image there is. */
export async function everyCut(world: World, chance: Chance): Promise<void> {
  const { images, group } = await cuts(world, chance);
  const history = await historyOf(world);
  for (const image of images) await inspect(world, image, history, group);
  if (images.length > 0) await rise(world, chance, chance.pick(images));
  world.cutsTried += images.length;
}

/** COMMIT finds no space: nothing is written, everybody is told, and the next one works. */
export async function diskFull(world: World, chance: Chance): Promise<void> {
  const before = await world.process.engine.checkpoint();
  const group = world.waitingRequests(chance);
  world.spy.failCommits(true);
  const answers = await world.order(group);
  world.spy.failCommits(false);
  const given = answers.every((each) => !each.final || world.auditor.isFinal(toHex(each.receipt.id)));
  require(given, "something was acknowledged although the disk was full");
  const after = await world.process.engine.checkpoint();
  require(before.note === after.note, "the checkpoint moved although the disk was full");
  await world.submit(chance, group);
}

type Group = ReturnType<World["waitingRequests"]>;

/** Lets blocks be made, and gives all images that a power cut on the way may leave. Nobody sees the answers. */
async function cuts(world: World, chance: Chance): Promise<{ images: readonly Image[]; group: Group }> {
  const group = world.waitingRequests(chance);
  world.spy.record();
  await world.order(group);
  return { images: [...imagesOf(world.spy.recorded(), chance)], group };
}

/** What the living process says its log is: every image must show a stretch of it from the start. */
async function historyOf(world: World): Promise<PlainLog> {
  const log = new PlainLog();
  const face = await faceOf(world.process.engine);
  for (const leaf of await face.leaves(0)) log.append(hashOfLeaf(leaf));
  return log;
}

async function inspect(world: World, { label, files }: Image, history: PlainLog, group: Group): Promise<void> {
  await world.process.aside(files, async (engine, folder) => {
    const { size, root } = await engine.checkpoint();
    const known = size >= world.auditor.size && size <= history.size;
    require(known, `${label}: the log has ${size} leaves, acknowledged were ${world.auditor.size}`);
    require(Buffer.compare(history.root(size), root) === 0, `${label}: another root`);
    await Promise.allSettled(group.map((tx) => engine.submit(tx)));
    const problems = await world.process.problems(folder);
    require(problems.length === 0, `${label}: log verify finds ${problems.join("; ")}`);
    require(stateTable(folder).size > 0, `${label}: no state`);
  });
}

async function rise(world: World, chance: Chance, image: Image | undefined): Promise<void> {
  if (image === undefined) return;
  if (chance.once(1, 2)) world.answers.lose();
  await world.process.becomes(image.files);
  await world.start(chance);
  await world.auditAll();
}
