/** Steps in which somebody or something lies: a disk that lost what it said it had kept, bytes that rot, a second orderer. */
import { codeOf } from "@anamnesis/core";
import { openEmbedded } from "@anamnesis/embedded";
import { AuditFailure, require } from "../auditor/audit.ts";
import { hex, openNote } from "../auditor/formats.ts";
import { hashOfLeaf, PlainLog } from "../auditor/trees.ts";
import type { Chance } from "../random.ts";
import type { Files } from "./files.ts";
import { faceOf } from "./ledger-process.ts";
import type { World } from "./world.ts";

const REMEMBERED = "last-checkpoint";

/** The disk loses flushed blocks. The remembered checkpoint, or a follower that saw more, must give it away. */
export async function lyingDisk(world: World, chance: Chance): Promise<void> {
  const old = world.older;
  world.older = { files: world.process.files(), size: world.auditor.size };
  if (old === undefined) return;
  const now = world.process.files().get(REMEMBERED);
  const files = new Map(old.files);
  if (now === undefined) files.delete(REMEMBERED);
  else files.set(REMEMBERED, now);
  const remembered = noteSize(world, now);
  const outcome = await opens(world, files);
  const expected = remembered > old.size ? "ledger/rolled-back" : "open";
  require(outcome === expected, `a ledger rolled back to ${old.size} of ${remembered} leaves: ${outcome}`);
  await fork(world, chance, old.files);
}

/** With the remembered checkpoint gone as well, the orderer goes on another way. Who saw more does not follow. */
async function fork(world: World, chance: Chance, old: Files): Promise<void> {
  const files = new Map(old);
  files.delete(REMEMBERED);
  const group = world.waitingRequests(chance);
  await world.process.aside(files, async (engine, folder) => {
    await Promise.allSettled(group.map((tx) => engine.submit(tx)));
    const theirs = new PlainLog();
    for (const leaf of await (await faceOf(engine)).leaves(0)) theirs.append(hashOfLeaf(leaf));
    for (const follower of world.followers.filter((each) => each.size > 0)) {
      const common = Math.min(follower.size, theirs.size);
      const another = hex(theirs.root(common)) !== hex(follower.rootAt(common));
      const outcome = await world.process.served(folder, (log) => follower.looks(log));
      require(!another || outcome !== "open", `${follower.name} follows a fork`);
      await follower.audit(world.auditor);
    }
  });
}

/** One byte of the store flips. It is noticed, or it changes no answer. */
export async function rot(world: World, chance: Chance): Promise<void> {
  const files = new Map(world.process.files());
  const name = chance.pick([...files.keys()].filter((each) => /sqlite(?:-wal)?$/.test(each)));
  const bytes = (files.get(name) ?? new Uint8Array(0)).slice();
  if (bytes.length === 0) return;
  const at = chance.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
  files.set(name, bytes);
  try {
    await world.process.aside(files, async (engine) => {
      const { size, root } = await engine.checkpoint();
      world.auditor.prefix(`a store with byte ${at} of ${name} flipped`, size, root);
      if (size === world.auditor.size) await world.auditor.again(await faceOf(engine));
    });
  } catch (error) {
    if (error instanceof AuditFailure || !(codeOf(error) ?? "").startsWith("ledger/")) throw error;
  }
}

/** Two processes never order one ledger. */
export async function secondOrderer(world: World): Promise<void> {
  const outcome = await openEmbedded(world.process.options()).then(async (engine) => {
    await engine.close();
    return "open";
  }, codeOf);
  require(outcome === "ledger/locked", `a second orderer found the ledger ${outcome}`);
}

async function opens(world: World, files: Files): Promise<string> {
  try {
    return await world.process.aside(files, async () => "open");
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

function noteSize(world: World, note: Uint8Array | undefined): number {
  const text = Buffer.from(note ?? []).toString("utf8");
  return text === "" ? 0 : openNote(text, world.founding.genesis.logKey).size;
}
