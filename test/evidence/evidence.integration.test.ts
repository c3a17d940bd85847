/**
 * A lying orderer, with the real engine and the real contract: each lie gives one file, and the command accepts that file in
 * a folder that holds nothing else. What an honest log gives in the same place is refused there.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contract, PROPOSE_KIND, proposeBody, VOTE_KIND, voteBody } from "@anamnesis/contracts";
import { orgId, toHex } from "@anamnesis/core";
import {
  type Accuser,
  appendTiles,
  blockLeaf,
  decodeLeaf,
  EMPTY_STATE,
  executeBlock,
  executeGenesis,
  type FoundBlock,
  formatCheckpoint,
  formatNote,
  foundBlocks,
  genesisToJson,
  type HashReader,
  leafHashes,
  logOrigin,
  makeBackDated,
  makeBadBlock,
  makeBrokenPromise,
  makeFork,
  makeWithheld,
  noncePath,
  noteSigner,
  prefixOf,
  provedState,
  signPromise,
  stateWithheld,
  tileReader,
  treeHash,
  updateState,
} from "@anamnesis/ledger";
import { primitives as p } from "@anamnesis/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Consortium, LOG_SEED } from "../../packages/node/test/consortium.ts";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/anamnesis.js", import.meta.url));
const world = new Consortium(["nord", "ost", "sued", "west"]);
const accuser: Accuser = { primitives: p, genesis: world.genesis, links: [] };
const root = mkdtempSync(join(tmpdir(), "anamnesis-evidence-"));
const NOTHING = new Uint8Array(0);

/** The true log: leaves, blocks, and for each number of blocks the state behind it. */
const leaves: Uint8Array[] = [];
const blocks: FoundBlock[] = [];
let sealed = "";
let sealedSize = 0;
let promise: Uint8Array;
let kept: Uint8Array;

beforeAll(async () => {
  await world.open();
  const { engine } = world;
  await world.event("nord");
  await world.submit("nord", PROPOSE_KIND, proposeBody({ type: "suspend", id: orgId("west") }));
  sealed = await world.note(["nord", "ost", "sued"], {}, world.timeMs / 1000 + 3600);
  ({ size: sealedSize } = await engine.checkpoint());
  const vote = world.signed("ost", VOTE_KIND, voteBody(0, true));
  promise = promised(vote.id, vote.signatures[0]?.keyId ?? NOTHING, vote.transaction.nonce);
  const done = world.signed("nord", VOTE_KIND, voteBody(0, false));
  kept = promised(done.id, done.signatures[0]?.keyId ?? NOTHING, done.transaction.nonce);
  await engine.submit(done);
  await world.event("sued");
  const { size } = await engine.checkpoint();
  for await (const { leaf } of engine.leaves(0, size)) leaves.push(leaf.slice());
  for await (const block of foundBlocks(p, engine.leaves(0, size))) blocks.push(block);
});

afterAll(async () => {
  await world.close();
  rmSync(root, { recursive: true });
});

function promised(transaction: Uint8Array, keyId: Uint8Array, nonce: number): Uint8Array {
  const acceptedMs = world.timeMs;
  const body = { chain: world.genesis.chain, transaction, keyId, nonce, acceptedMs, byMs: acceptedMs + 500 };
  return signPromise(p.ed25519Signer(LOG_SEED), body);
}

/** What only the holder of the log's key can make. */
function signed(of: readonly Uint8Array[]): string {
  const origin = logOrigin(world.genesis.chain);
  const text = formatCheckpoint({ origin, size: of.length, root: treeHash(p, leafHashes(p, of)) });
  return formatNote(text, [noteSigner(p, origin, LOG_SEED).sign(text)]);
}

function treeOf(of: readonly Uint8Array[]): HashReader {
  const { writes, size } = appendTiles(p, () => undefined, 0, leafHashes(p, of));
  const read = (level: number, index: number) =>
    writes.find((tile) => tile.level === level && tile.index === index)?.data;
  return tileReader(p, read, size);
}

/** The state before a block, from the leaves alone. */
function stateBefore(sequence: number) {
  const state = new Map<string, Uint8Array>();
  const nodes = new Map<string, Uint8Array>();
  const store = {
    get: (path: Uint8Array) => nodes.get(toHex(path)),
    put: (path: Uint8Array, node: Uint8Array) => void nodes.set(toHex(path), node),
    delete: (path: Uint8Array) => void nodes.delete(toHex(path)),
  };
  const host = { primitives: p, contract, chain: world.genesis.chain, state };
  let stateRoot: Uint8Array = EMPTY_STATE;
  for (const { sequence: number, time, commands } of blocks.slice(0, sequence)) {
    const transactions = commands.map(({ transaction }) => transaction);
    const { changes } =
      number === 0 ? executeGenesis(host, world.genesis) : executeBlock(host, { sequence: number, time, transactions });
    stateRoot = updateState(p, store, stateRoot, changes);
    for (const [key, value] of changes) {
      if (value === undefined) state.delete(key);
      else state.set(key, value);
    }
  }
  return { state, nodes: store, stateRoot };
}

/** The log with the last block exchanged; the file that accuses it. */
function accusedBlock(change: (block: FoundBlock) => readonly Uint8Array[]): Uint8Array {
  const block = blocks.at(-1);
  if (block === undefined) throw new TypeError("there are blocks");
  const { state, nodes } = stateBefore(block.sequence);
  const all = [...leaves.slice(0, block.first), ...change(block)];
  const index = block.first - 1;
  const previous = { leaf: leaves[index] ?? NOTHING, index };
  const tree = treeOf(all);
  const suspect = { note: signed(all), size: all.length, previous, leaves: all.slice(block.first), tree, state, nodes };
  return makeBadBlock(accuser, contract, suspect);
}

const fork = (rewritten: readonly Uint8Array[]): Uint8Array => {
  const prefix = prefixOf(p, treeOf(leaves), rewritten.length, leaves.length);
  return makeFork(accuser, signed(rewritten), signed(leaves), prefix);
};

async function brokenPromise(given: Uint8Array, keyOf: string): Promise<Uint8Array> {
  const key = toHex(world.signed(keyOf, VOTE_KIND, voteBody(0, true)).signatures[0]?.keyId ?? NOTHING);
  const value = await world.engine.read(noncePath(key));
  return makeBrokenPromise(accuser, given, value.checkpoint.note, provedState(value));
}

async function backDated(seal: string): Promise<Uint8Array> {
  const { note, size } = await world.engine.checkpoint();
  const path = await world.engine.inclusion(size - 1, size);
  return makeBackDated(accuser, seal, { note, index: size - 1, leaf: leaves[size - 1] ?? NOTHING, path });
}

function withheld(names: readonly string[]): Uint8Array {
  const missing = { note: signed(leaves), from: 2, to: leaves.length };
  const statements = names.map((id) => {
    const sign = p.ed25519Signer(world.cosignSeed(id));
    return stateWithheld(sign, world.genesis.chain, missing, id, Math.floor(world.timeMs / 1000));
  });
  return makeWithheld(accuser, missing, statements);
}

/** Runs the command where nothing else is. */
function proofCheck(file: Uint8Array, ...more: readonly string[]) {
  const dir = mkdtempSync(join(root, "empty-"));
  writeFileSync(join(dir, "it"), file);
  expect(readdirSync(dir)).toEqual(["it"]);
  const args = [COMMAND, "proof", "check", "it", ...more];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: dir,
    encoding: "utf8",
    env: { ...process.env, LANG: "C" },
  });
  return { status, stdout, stderr };
}
const verdict = (file: Uint8Array) => {
  const { status, stdout } = proofCheck(file, "--json");
  return {
    status,
    ...(JSON.parse(stdout) as { holds: boolean; kind: string | null; refusal: { code: string } | null }),
  };
};

describe("proof check, in an empty folder, accepts the evidence of", () => {
  const convicted = (kind: string) => ({ status: 0, holds: true, kind, refusal: null });

  it("an orderer that rewrites a leaf which an older checkpoint covers", () => {
    expect(verdict(fork(leaves.slice(0, 8).with(2, NOTHING)))).toMatchObject(convicted("fork"));
  });

  it("an orderer that shows two logs of one size", () => {
    expect(verdict(fork(leaves.with(-1, NOTHING)))).toMatchObject(convicted("fork"));
  });

  it("an orderer whose state does not follow from the commands", () => {
    const { stateRoot } = stateBefore(blocks.at(-1)?.sequence ?? 0);
    expect(
      verdict(accusedBlock(({ leaves: own, sequence, time }) => own.with(-1, blockLeaf(sequence, time, stateRoot)))),
    ).toMatchObject(convicted("bad-block"));
  });

  it("an orderer that lets time run backwards", () => {
    expect(
      verdict(accusedBlock(({ leaves: own, sequence, stateRoot }) => own.with(-1, blockLeaf(sequence, 5, stateRoot)))),
    ).toMatchObject(convicted("bad-block"));
  });

  it("an orderer that adds an event which nobody signed", () => {
    expect(
      verdict(accusedBlock(({ leaves: own }) => [...own.slice(0, -1), own.at(-2) ?? NOTHING, ...own.slice(-1)])),
    ).toMatchObject(convicted("bad-block"));
  });

  it("an orderer that drops a member's vote after promising to execute it", async () => {
    expect(verdict(await brokenPromise(promise, "ost"))).toMatchObject(convicted("broken-promise"));
  });

  it("an orderer that dates a block back behind what three of four have sealed", async () => {
    expect(verdict(await backDated(sealed))).toMatchObject(convicted("back-dated"));
  });

  it("an orderer that gives out no entries, as two of four members state", () => {
    expect(verdict(withheld(["ost", "west"]))).toMatchObject(convicted("withheld"));
  });
});

describe("proof check refuses", () => {
  const acquitted = (file: Uint8Array) => {
    expect(verdict(file)).toMatchObject({
      status: 1,
      holds: false,
      kind: null,
      refusal: { code: "ledger/bad-evidence" },
    });
  };

  it("an accusation of the true log", async () => {
    for (const size of [1, 2, 7, leaves.length]) acquitted(fork(leaves.slice(0, size)));
    acquitted(await brokenPromise(kept, "nord"));
    acquitted(await backDated(await world.note(["nord", "ost", "sued"])));
    acquitted(withheld(["west"]));
    expect(() => accusedBlock(({ leaves: own }) => own)).toThrow(
      expect.objectContaining({ code: "ledger/bad-evidence" }),
    );
    expect(decodeLeaf(leaves.at(-1) ?? NOTHING).type).toBe("block");
    expect(sealedSize).toBeLessThan(leaves.length);
  });

  it("what is no evidence at all, with a remedy and without a verdict", () => {
    const ran = proofCheck(Uint8Array.of(1, 2, 3), "--json");
    expect(ran.status).toBe(2);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: expect.stringMatching(/^core\//) as unknown } });
  });
});

describe("what people read", () => {
  const file = () => fork(leaves.with(-1, NOTHING));

  it("names the log, its key and its founding document, so that they can be compared", () => {
    const { stdout, status } = proofCheck(file());
    expect(status).toBe(0);
    for (const part of ["alliance", toHex(world.genesis.logKey), "nord, ost, sued, west", "Compare", "convicts"]) {
      expect(stdout).toContain(part);
    }
    expect(proofCheck(file(), "--lang", "zh").stdout).toContain("证据成立");
  });

  it("holds under the founding document of that ledger, and not under another", () => {
    const other = new Consortium(["fremd"]);
    mkdirSync(join(root, "genesis"));
    const path = (name: string) => join(root, "genesis", name);
    writeFileSync(path("own.json"), genesisToJson(world.genesis));
    writeFileSync(path("other.json"), genesisToJson(other.genesis));
    expect(proofCheck(file(), "--genesis", path("own.json")).status).toBe(0);
    const ran = proofCheck(file(), "--genesis", path("other.json"));
    expect([ran.status, ran.stdout.includes("ledger/wrong-chain")]).toEqual([1, true]);
    rmSync(other.root, { recursive: true });
  });
});
