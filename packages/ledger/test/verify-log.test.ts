/** Logs by a dishonest operator: every tile and signature of the log is in order, what stands in it is not. */
import { native } from "@anamnesis/crypto/native";
import {
  appendTiles,
  blockLeaf,
  closeBlock,
  commandLeaf,
  decodeLeaf,
  EMPTY_STATE,
  encodeBundle,
  encodeGenesis,
  executeBlock,
  executeGenesis,
  formatCheckpoint,
  formatNote,
  formatTilePath,
  genesisLeaf,
  isEventLeaf,
  type LogSource,
  leafHashes,
  logOrigin,
  noteSigner,
  type SignedTransaction,
  signGenesis,
  signTransaction,
  TILE_WIDTH,
  tileWidth,
  treeHash,
  updateState,
  type VerifyOptions,
  verifyLog,
} from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { FAR_EXPIRY, Fixture } from "@anamnesis/ledger/conformance/fixture";
import { describe, expect, it } from "vitest";
import { MemoryNodes } from "../src/verify-block.ts";

const fixture = new Fixture(native);
const { genesis } = fixture;
const BLOCK_MS = 1000;

/** Leaves of the genesis block and of one block per list of transactions, as an honest engine makes them. */
function honestLeaves(blocks: readonly (readonly SignedTransaction[])[]): Uint8Array[] {
  const state = new Map<string, Uint8Array>();
  const nodes = new MemoryNodes();
  const host = { primitives: native, contract: testContract, chain: genesis.chain, state };
  let root: Uint8Array = EMPTY_STATE;
  return [undefined, ...blocks].flatMap((transactions, sequence) => {
    const block = { sequence, time: genesis.time + sequence * BLOCK_MS, transactions: transactions ?? [] };
    const execution = transactions === undefined ? executeGenesis(host, genesis) : executeBlock(host, block);
    root = updateState(native, nodes, root, execution.changes);
    for (const [key, value] of execution.changes) if (value !== undefined) state.set(key, value);
    return [...closeBlock(native, execution, block, root).leaves];
  });
}

/** A log of any leaves, signed by its own key. */
function logOf(leaves: readonly Uint8Array[]): LogSource {
  const files = new Map<string, Uint8Array>();
  const { writes, size, root } = appendTiles(native, () => undefined, 0, leafHashes(native, leaves));
  for (const { level, index, data } of writes) {
    files.set(formatTilePath({ level, index, width: data.length / 32 }), data);
  }
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const path = formatTilePath({ level: "entries", index, width: tileWidth(0, index, size) });
    files.set(path, encodeBundle(leaves.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH)));
  }
  const origin = logOrigin(genesis.chain);
  const text = formatCheckpoint({ origin, size, root });
  const note = formatNote(text, [noteSigner(native, origin, fixture.logSeed).sign(text)]);
  return { checkpoint: async () => ({ note }), tile: async (path) => files.get(path) };
}

const first = fixture.command("test.emit", "a", { events: 300 });
const second = fixture.command("test.put", "b");
const honest = honestLeaves([[first], [second]]);
const last = honest.length - 1;

const check = async (leaves: readonly Uint8Array[], options: Omit<VerifyOptions, "primitives">) => {
  const report = await verifyLog(logOf(leaves), { primitives: native, ...options });
  expect(report.ok).toBe(report.problems.length === 0);
  return [...new Set(report.problems.map((each) => each.code))];
};
const codes = (leaves: readonly Uint8Array[], options: Partial<VerifyOptions> = {}) =>
  check(leaves, { genesis, contract: testContract, ...options });
/** Without a contract there is no replay: signatures and batch roots alone. */
const light = (leaves: readonly Uint8Array[]) => check(leaves, { genesis });

const replaced = (index: number, leaf: Uint8Array) => honest.with(index, leaf);
const rewrittenBlock = (change: Partial<{ sequence: number; time: number; stateRoot: Uint8Array }>) => {
  const leaf = decodeLeaf(honest[last] ?? new Uint8Array(0));
  if (leaf.type !== "block") throw new TypeError("the last leaf is a block leaf");
  const { sequence, time, stateRoot } = { ...leaf, ...change };
  return replaced(last, blockLeaf(sequence, time, stateRoot));
};

describe("verifyLog", () => {
  it("finds nothing in an honest log and counts what is there", async () => {
    const report = await verifyLog(logOf(honest), { primitives: native, contract: testContract, genesis });
    expect(report).toMatchObject({ ok: true, problems: [], commands: 2, events: 300, blocks: 3, size: honest.length });
    expect(await light(honest)).toEqual([]);
    const trusted = await verifyLog(logOf(honest), { primitives: native });
    expect(trusted).toMatchObject({ ok: true, trust: "first-use", replayed: false });
  });

  it("says where, and counts nothing of a log that cannot be read", async () => {
    const source = logOf(honest);
    const without: LogSource = { ...source, tile: async () => undefined };
    const { problems } = await verifyLog(without, { primitives: native, genesis });
    expect(problems[0]?.where).toMatch(/^tile\//);
    const nothing: LogSource = { ...source, checkpoint: async () => ({ note: "no note" }) };
    const report = await verifyLog(nothing, { primitives: native, genesis });
    expect(report).toMatchObject({ ok: false, origin: "", size: 0, commands: 0, events: 0, blocks: 0, unfollowed: 0 });
    expect(report.problems[0]?.where).toBe("checkpoint");
  });

  it("reports progress and stops when asked", async () => {
    const seen: number[] = [];
    await codes(honest, { onProgress: (done, total) => seen.push(done / total) });
    expect(seen.at(-1)).toBe(1);
    await expect(codes(honest, { signal: AbortSignal.abort(new RangeError("enough")) })).rejects.toThrow("enough");
  });

  const stranger = fixture.command("test.put", "x", { signers: [fixture.stranger] });
  const forged = second.signatures.map((s) => ({ ...s, signature: s.signature.map((b, i) => (i === 9 ? b ^ 1 : b)) }));
  const at = honest.length - 2;
  const changed = signGenesis(native, { ...genesis, time: genesis.time + 1 }, fixture.member);
  const other = signGenesis(native, changed, fixture.other);
  it.each([
    ["a state root that does not follow", rewrittenBlock({ stateRoot: new Uint8Array(32) }), ["ledger/bad-block"]],
    ["a sequence left out", rewrittenBlock({ sequence: 7 }), ["ledger/bad-block"]],
    ["a time before the last one", rewrittenBlock({ time: 5 }), ["ledger/bad-block"]],
    ["no block leaf at the end", honest.slice(0, -1), ["ledger/bad-block"]],
    ["a block of nothing", [...honest, blockLeaf(3, genesis.time + 9e6, EMPTY_STATE)], ["ledger/bad-block"]],
    ["an event taken out", honest.toSpliced(10, 1), []],
    [
      "a forged signature",
      replaced(at, commandLeaf(second.bytes, forged)),
      ["ledger/bad-signature", "ledger/bad-block"],
    ],
    [
      "a stranger's command",
      replaced(at, commandLeaf(stranger.bytes, stranger.signatures)),
      ["ledger/unknown-key", "ledger/bad-block"],
    ],
    [
      "a command told twice",
      [...honest.slice(0, last), honest[at], honest[last]],
      ["ledger/nonce-repeated", "ledger/bad-block"],
    ],
    [
      "another founding document",
      replaced(0, genesisLeaf(new Uint8Array([0x81, 0x01]))),
      ["ledger/wrong-chain", "ledger/bad-block"],
    ],
    ["a leaf that nobody can read", replaced(5, new Uint8Array([0xff])), ["ledger/malformed"]],
    ["an event before any command", honest.toSpliced(1, 0, honest[5] ?? new Uint8Array(0)), ["ledger/malformed"]],
  ] as [string, Uint8Array[], string[]][])("%s", async (name, leaves, expected) => {
    // The test contract does not commit to its events; that batches do is tested below.
    expect([name, await codes(leaves)]).toEqual([name, expected]);
  });

  it("holds the log against the founding document that it is given", async () => {
    expect(await codes(honest, { genesis: other })).toContain("ledger/wrong-chain");
  });

  it("finds a second founding document and an event that cannot be read also without a contract", async () => {
    const founding = genesisLeaf(encodeGenesis(genesis));
    expect(await light(honest.toSpliced(last, 0, founding))).toEqual(["ledger/bad-block"]);
    const event = honest.findIndex(isEventLeaf);
    const cut = (honest[event] ?? founding).slice(0, 2);
    expect(await light(replaced(event, cut))).not.toEqual([]);
  });

  it("checks signatures and batch roots also without a contract", async () => {
    expect(await light(replaced(at, commandLeaf(second.bytes, forged)))).toEqual(["ledger/bad-signature"]);
    expect(await light(replaced(at, commandLeaf(stranger.bytes, stranger.signatures)))).toEqual(["ledger/unknown-key"]);
    const events = fixture.events(5, 1);
    const root = treeHash(native, leafHashes(native, events));
    const body = ["ehr", new Uint8Array(8), [0, 0], [1, 5], 5, root];
    const transaction = { chain: genesis.chain, kind: "events.batch", nonce: 99, expires: FAR_EXPIRY, body };
    const batch = signTransaction(native, transaction, [fixture.member], events);
    const withEvents = (leaves: readonly Uint8Array[]) => [
      ...honest,
      commandLeaf(batch.bytes, batch.signatures),
      ...leaves,
      blockLeaf(3, genesis.time + 9e6, EMPTY_STATE),
    ];
    expect(await light(withEvents(events))).toEqual([]);
    expect(await light(withEvents(events.slice(1)))).toEqual(["events/wrong-root"]);
    expect(await light(withEvents(events.toReversed()))).toEqual(["events/wrong-root"]);
  });

  it("says which signatures it cannot follow without a contract, once the registry has changed keys", async () => {
    const transaction = {
      chain: genesis.chain,
      kind: "registry.rotate-keys",
      nonce: 98,
      expires: FAR_EXPIRY,
      body: [],
    };
    const rotation = signTransaction(native, transaction, [fixture.member]);
    const late = [rotation, stranger].map((tx) => commandLeaf(tx.bytes, tx.signatures));
    const leaves = [...honest, ...late, blockLeaf(3, genesis.time + 9e6, EMPTY_STATE)];
    expect(await verifyLog(logOf(leaves), { primitives: native })).toMatchObject({ ok: true, unfollowed: 1 });
    expect(await codes(leaves)).toContain("ledger/unknown-key");
  });

  it("tells a rewritten log from one that grew", async () => {
    const grown = honestLeaves([[first], [second], [fixture.command("test.put", "c")]]);
    const { note: remembered } = await logOf(honest).checkpoint();
    expect(await codes(grown, { remembered })).toEqual([]);
    const rewritten = honestLeaves(
      [[first], [fixture.command("test.put", "other")], [second]]
        .slice(0, 2)
        .concat([[fixture.command("test.put", "d")]]),
    );
    expect(await codes(rewritten, { remembered })).toEqual(["ledger/rolled-back"]);
    expect(await codes(honest.slice(0, -2), { remembered })).toEqual(["ledger/rolled-back"]);
    expect(await codes(honest, { remembered: "nonsense" })).toEqual(["ledger/malformed"]);
  });
});
