/** Everything that can happen in one step, and how often. A step draws its chance from a seed of its own. */
import { REFUSE_KIND, refuseBody } from "@anamnesis/ledger";
import type { Chance } from "../random.ts";
import { crash, crashInCommit, diskFull, everyCut } from "./crashes.ts";
import { falseRules, falseServing } from "./false-orderer.ts";
import { seal } from "./sealing.ts";
import { suspension } from "./suspension.ts";
import { lyingDisk, rot, secondOrderer } from "./treason.ts";
import { promiseOf, type World } from "./world.ts";

type Step = (world: World, chance: Chance) => Promise<void>;

export const STEPS = {
  make,
  campaign,
  suspension,
  seal,
  flood,
  refuse,
  deliver,
  answer,
  pass,
  clock,
  follow,
  partition,
  restart,
  crash,
  "crash-in-commit": crashInCommit,
  "every-cut": everyCut,
  "disk-full": diskFull,
  "lying-disk": lyingDisk,
  rot,
  "second-orderer": secondOrderer,
  "false-rules": falseRules,
  "false-serving": falseServing,
  audit: (world) => world.auditAll(),
} as const satisfies Readonly<Record<string, Step>>;

export type StepKind = keyof typeof STEPS;

export const WEIGHTS: Readonly<Record<StepKind, number>> = {
  make: 40,
  campaign: 2,
  suspension: 3,
  seal: 8,
  flood: 1,
  refuse: 4,
  deliver: 34,
  answer: 20,
  pass: 16,
  clock: 3,
  follow: 8,
  partition: 4,
  restart: 3,
  crash: 5,
  "crash-in-commit": 5,
  "every-cut": 0,
  "disk-full": 2,
  "lying-disk": 2,
  rot: 2,
  "second-orderer": 1,
  "false-rules": 3,
  "false-serving": 3,
  audit: 3,
};

async function make(world: World, chance: Chance): Promise<void> {
  world.welcome(chance);
  const client = chance.pick(world.clients);
  const overheard = chance.once(1, 12) ? world.requests.overheard(chance) : undefined;
  if (overheard !== undefined) {
    world.requests.send(chance, client.id, client.copy(overheard), world.clock.now());
  }
  for (let i = chance.between(1, 4); i > 0; i--) {
    const tx = client.next(chance, world.agreed);
    if (tx !== undefined) world.requests.send(chance, client.id, tx, world.clock.now());
  }
}

/** Two are proposed, and everybody agrees to both at once, so that one block may change much. */
async function campaign(world: World, chance: Chance): Promise<void> {
  const proposers = [chance.pick(world.clients), chance.pick(world.clients)];
  await world.submit(
    chance,
    proposers.map((each) => each.appeal(chance, world.agreed)),
  );
  const { proposals } = world.members;
  const newest = [proposals - 2, proposals - 1].filter((number) => number >= 0);
  const votes = newest.flatMap((number) => world.clients.map((each) => each.agree(chance, world.agreed, number)));
  if (votes.length > 0) await world.submit(chance, votes);
}

/** One organisation submits what its quota lets through, to the last event, or one event more. */
async function flood(world: World, chance: Chance): Promise<void> {
  world.welcome(chance);
  const client = chance.pick(world.clients);
  const left = () => Number(world.events.left(client.id, BigInt(world.agreed)) / 1000n);
  if (left() > 4096) return;
  for (const part of [1500, 1500, 3000]) {
    const events = part < left() ? part : left() + chance.below(2);
    if (events > 0) await world.submit(chance, [client.flood(chance, world.agreed, events)]);
  }
}

/** One member has it stand in the log that another's transaction is refused; that one may come as well, before or behind it. */
async function refuse(world: World, chance: Chance): Promise<void> {
  world.welcome(chance);
  const [by, whose] = [chance.pick(world.clients), chance.pick(world.clients)];
  const made = whose.decides(chance, world.agreed, chance.once(1, 4) ? 1000 : 0);
  const body = chance.once(1, 12) ? chance.bytes(40) : refuseBody(made);
  const refusal = by.send(chance, world.agreed, { kind: REFUSE_KIND, body, attachments: [] });
  await world.submit(chance, chance.pick([[refusal], [refusal, made], [made, refusal]]));
}

async function deliver(world: World, chance: Chance): Promise<void> {
  world.clock.pass(chance.below(1500));
  for (const client of world.clients) {
    for (const tx of client.overdue(world.clock.now())) {
      world.requests.send(chance, client.id, tx, world.clock.now());
    }
  }
  const group = world.requests.arrived(chance, world.clock.now());
  // A client that sends one thing after the other over one connection: most do.
  if (chance.once(3, 4)) group.sort((a, b) => a.transaction.nonce - b.transaction.nonce);
  if (group.length > 0) await world.submit(chance, group);
  await answer(world, chance);
}

async function answer(world: World, chance: Chance): Promise<void> {
  for (const each of world.answers.arrived(chance, world.clock.now())) {
    if (each.final) world.auditor.promise(promiseOf(each.receipt));
    for (const client of world.clients) {
      if (each.final) client.accepted(promiseOf(each.receipt).id);
      else if (!world.mayRetry(each.code)) client.refused(each.id, await world.sourceOf(client));
    }
  }
}

async function pass(world: World, chance: Chance): Promise<void> {
  if (chance.once(1, 4)) world.requests.heal();
  world.clock.pass(chance.once(1, 6) ? chance.below(120_000) : chance.below(4000));
}

async function clock(world: World, chance: Chance): Promise<void> {
  const span = chance.pick([1000, 60_000, 60_000, 3_600_000, 3_600_000, 172_800_000]);
  world.clock.jump(chance.once(1, 2) ? chance.below(span) : -chance.below(span));
}

async function follow(world: World, chance: Chance): Promise<void> {
  if (world.followers.length === 0) return;
  const follower = chance.pick(world.followers);
  if (chance.once(1, 5)) await follower.crash();
  if (world.requests.isCut(follower.name)) return;
  await world.process.served(world.process.folder, (log) => follower.follow(log));
  await follower.audit(world.auditor);
}

async function partition(world: World, chance: Chance): Promise<void> {
  if (chance.once(1, 2)) return world.requests.heal();
  world.requests.cut(chance.pick(world.clients).id);
}

async function restart(world: World, chance: Chance): Promise<void> {
  await world.process.stop();
  await world.start(chance);
  await world.auditAll();
}
