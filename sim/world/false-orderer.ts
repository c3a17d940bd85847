/** An orderer that breaks the rules, or serves what it did not order, and signs for it. No follower may take any of it. */
import { contract } from "@anamnesis/contracts";
import { native } from "@anamnesis/crypto/native";
import type { FollowedLog } from "@anamnesis/embedded";
import { type Context, type Contract, formatCheckpoint, formatNote, logOrigin, noteSigner } from "@anamnesis/ledger";
import { require } from "../auditor/audit.ts";
import { openNote } from "../auditor/formats.ts";
import type { Chance } from "../random.ts";
import type { Follower } from "./follower.ts";
import type { World } from "./world.ts";

/** Rules that are not those of the ledger; `lied` is called when that made a difference. */
type FalseRules = (lied: () => void) => Contract;

const FALSE_RULES: Readonly<Record<string, FalseRules>> = {
  "takes what is to be refused": (lied) => ({
    ...contract,
    handle(context, tx) {
      if (contract.handle(context, tx) !== null) lied();
      return null;
    },
  }),
  "writes what no rule gives": (lied) => ({
    ...contract,
    handle(context, tx) {
      const refusal = contract.handle(context, tx);
      if (refusal === null) lied();
      context.put("nobody/ordered-this", Uint8Array.of(context.sequence % 24));
      return refusal;
    },
  }),
  "logs fewer events than were signed": (lied) => ({
    ...contract,
    handle: (context, tx) => contract.handle(withholding(context, lied), tx),
  }),
};

function withholding(context: Context, lied: () => void): Context {
  const emit: Context["emit"] = (leaves, hashes) => {
    if (leaves.length > 0) lied();
    context.emit(leaves.slice(1), hashes.subarray(32));
  };
  return { ...context, emit };
}

/** It orders by rules of its own, and its blocks agree with themselves. */
export async function falseRules(world: World, chance: Chance): Promise<void> {
  const name = chance.pick(Object.keys(FALSE_RULES));
  const rules = FALSE_RULES[name];
  const group = world.waitingRequests(chance);
  let lies = 0;
  const lying = rules?.(() => {
    lies++;
  });
  const before = world.auditor.size;
  await world.process.aside(
    world.process.files(),
    async (engine, folder) => {
      await Promise.allSettled(group.map((tx) => engine.submit(tx)));
      const { size } = await engine.checkpoint();
      if (lies === 0 || size === before) return;
      for (const follower of begun(world)) {
        const outcome = await world.process.served(folder, (log) => follower.looks(log));
        require(outcome === "ledger/bad-block", `an orderer that ${name}: ${follower.name} finds ${outcome}`);
      }
    },
    lying,
  );
}

type Serving = (world: World, chance: Chance, log: FollowedLog) => FollowedLog;

/** What may be served in place of the log, and what a follower that lacks blocks must find. */
const FALSE_SERVING: Readonly<Record<string, { readonly serve: Serving; readonly finds: RegExp }>> = {
  "the checkpoint of the next block": {
    serve: (_world, _chance, log) => ({ ...log, notes: (sequence) => log.notes(sequence + 1) }),
    finds: /^ledger\/bad-checkpoint$/,
  },
  "another root of the same size": {
    serve: (world, chance, log) => {
      const root = chance.bytes(32);
      const notes = async (sequence: number) => (await log.notes(sequence)).map((note) => resigned(world, note, root));
      return { ...log, notes };
    },
    finds: /^ledger\/bad-block$/,
  },
  "checkpoints that somebody else signed": {
    serve: (world, chance, log) => {
      const seed = chance.bytes(32);
      const notes = async (sequence: number) =>
        (await log.notes(sequence)).map((note) => resigned(world, note, undefined, seed));
      return { ...log, notes };
    },
    finds: /^ledger\/bad-checkpoint$/,
  },
  "a byte that is not the log's": {
    serve: (_world, chance, log) => {
      const at = chance.bits();
      return { ...log, tile: async (path) => flipped(await log.tile(path), at) };
    },
    finds: /^ledger\//,
  },
};

/** Its blocks are right, but what it shows of them is not. */
export async function falseServing(world: World, chance: Chance): Promise<void> {
  const name = chance.pick(Object.keys(FALSE_SERVING));
  const lie = FALSE_SERVING[name];
  if (lie === undefined) return;
  for (const follower of begun(world)) {
    if (follower.size >= world.auditor.size) continue;
    const outcome = await world.process.served(world.process.folder, (log) =>
      follower.looks(lie.serve(world, chance, log), world.auditor),
    );
    require(lie.finds.test(outcome), `served ${name}, ${follower.name} finds ${outcome}`);
  }
}

/** Followers that have a replica and can be shown something. */
const begun = (world: World): readonly Follower[] => world.followers.filter(({ size }) => size > 0);

/** The checkpoint with another root, or signed with another key under the log's name. */
function resigned({ founding }: World, note: string, root?: Uint8Array, seed = founding.logSeed): string {
  const checkpoint = openNote(note, founding.genesis.logKey);
  const origin = logOrigin(founding.genesis.chain);
  const text = formatCheckpoint({ origin, size: checkpoint.size, root: root ?? checkpoint.root });
  return formatNote(text, [noteSigner(native, origin, seed).sign(text)]);
}

function flipped(bytes: Uint8Array | undefined, at: number): Uint8Array | undefined {
  const copy = bytes?.slice();
  if (copy === undefined || copy.length === 0) return copy;
  const i = at % copy.length;
  copy[i] = (copy[i] ?? 0) ^ 1;
  return copy;
}
