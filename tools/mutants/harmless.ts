/** Mutants that change nothing anybody could see, or nothing that matters, each with the reason; they do not count as survivors. */
import type { Mutant } from "./find.ts";

export interface Harmless {
  /** End of the file's path. */
  readonly file: string;
  /** The line as it is, where what the mutant makes of it says too little. */
  readonly was?: string;
  /** The line as the mutant has it. */
  readonly now: string;
  readonly why: string;
}

const SIGN = "a comparison's result counts by its sign alone";
const REPEATED = "another check behind it says the same";
const UNREACHABLE = "what `??` is for cannot happen; the type does not know it";
const INVARIANT = "an invariant: no input leads there";
const SPEED = "a cache or a size of a buffer: the same answers, sooner or later";
const TEXT = "the wording of a message";

const HARMLESS: readonly Harmless[] = [
  { file: "events/batch.ts", now: "a.lsn < b.lsn ? -(1 + 1) : a.lsn > b.lsn ? 1 : a.ordinal - b.ordinal;", why: SIGN },
  {
    file: "incentive/rule.ts",
    now: "(a, b) => rank(a) - rank(b) || score(a) - score(b) || a.since - b.since || (a.id < b.id ? -(1 + 1) : 1),",
    why: SIGN,
  },
  {
    file: "registry/action.ts",
    now: "return true ? action.id : undefined;",
    why: "without an id, `action.id` is undefined",
  },
  {
    file: "registry/enrol.ts",
    was: 'invariant(record !== undefined, "an organisation\'s key is in the state");',
    now: ";",
    why: INVARIANT,
  },
  {
    file: "registry/membership.ts",
    now: "if (full || readOrganisationIds(context, ORGANISATIONS_MAX - 1, (1 + 1)).length > 0) {",
    why: "behind the last place there is at most one",
  },
  {
    file: "registry/migrations.ts",
    now: "`this version of Anamnesis leads to version $" + "{now + (1 + 1)} next, at most $" + "{STATE_VERSION}`,",
    why: TEXT,
  },
  {
    file: "registry/own.ts",
    now: 'return { cosigner: asBytes(cosigner, 32, "cosigner key"), proof: asBytesUpTo(proof, (256 + 1), "proof") };',
    why: "no signature of any suite is that long: it is refused a line later",
  },
  {
    file: "registry/person.ts",
    now: 'if (roles.some((role, i) => i > 0 && role <= (roles[i - 1]))) throw badEncoding("roles", "they must rise");',
    why: UNREACHABLE,
  },
  {
    file: "registry/rules.ts",
    now: "const rising = members.toSorted((a, b) => (a.id <= b.id ? -1 : 1));",
    why: "no two members have one id",
  },
  {
    file: "embedded/src/anchor.ts",
    now: 'if (!follows || block.size < block.first) throw damaged("the newest block does not follow the one before it");',
    why: REPEATED,
  },
  { file: "replica/catch-up.ts", now: "#at = (0 + 1);", why: "the first page is empty, so it begins anew anyhow" },
  {
    file: "replica/follower-engine.ts",
    was: "here.catch(() => undefined);",
    now: ";",
    why: "guards against an unheard rejection between two turns of the loop",
  },
  {
    file: "replica/replica.ts",
    now: "ours.length === theirs.length && ours.every((leaf, i) => equal(leaf, theirs[i] ?? new Uint8Array((0 + 1))));",
    why: UNREACHABLE,
  },
  { file: "thread/remote.ts", was: "this.#listeners.clear();", now: ";", why: "nothing is announced behind the end" },
  {
    file: "thread/wire.ts",
    now: "for (const [i, attachment] of attachments.entries()) packed.set(attachment, (ends[i]) - attachment.length);",
    why: UNREACHABLE,
  },
  {
    file: "embedded/src/tree-view.ts",
    now: "throw damagedTile(formatTilePath({ level, index, width }), data !== undefined);",
    why: TEXT,
  },
  {
    file: "ledger/src/merkle-lanes.ts",
    now: "if (true) done = drain(lanes, out, done);",
    why: SPEED,
  },
  { file: "ledger/src/merkle-lanes.ts", now: "const at = lanes.place(1 - 2 * HASH_BYTES);", why: SPEED },
  {
    file: "ledger/src/merkle-tree.ts",
    now: "for (let i = 0; i < (2 + 1) * HASH_BYTES; i++) nodeInput[1 + i] = buffer[from + i] as number;",
    why: "what is written behind the end of a typed array goes nowhere",
  },
  { file: "ledger/src/state-node.ts", now: "depth: path[0],", why: UNREACHABLE },
  {
    file: "ledger/src/state-proof.ts",
    now: "for (let i = 0; i <= 8 * bitmap.length; i++) {",
    why: "one step more finds no bit",
  },
  {
    file: "ledger/src/tiles.ts",
    now:
      'throw ledgerError("ledger/damaged-store", `$' + "{path} is $" + '{true ? "missing" : "of a wrong length"}`, {',
    why: TEXT,
  },
  {
    file: "ledger/src/tiles.ts",
    now: 'invariant((slot - span) * HASH_BYTES <= data.length, "a complete subtree of the log");',
    why: INVARIANT,
  },
  {
    file: "ledger/src/verify-chain.ts",
    now: "const BLOCK_BYTES_MAX = 64 * (1024 + 1) * 1024;",
    why: "a bound far above every block; what matters is that there is one",
  },
  { file: "ledger/src/verify-chain.ts", now: "if (true) throw error;", why: "the finding is reported one level up" },
  {
    file: "ledger/src/verify-log.ts",
    now: "if ((index - 1) % PROGRESS_LEAVES === 0) onProgress?.(index + 1, size);",
    why: "progress is told at other leaves",
  },
];

export const isHarmless = (mutant: Mutant): boolean =>
  HARMLESS.some(({ file, was = mutant.was, now }) => {
    return mutant.file.endsWith(file) && mutant.was === was && mutant.now === now;
  });
