/** Logs that have dropped the bytes of their oldest leaves: what is left is checked, and what is not is said. */
import { native } from "@anamnesis/crypto/native";
import {
  appendTiles,
  closeBlock,
  EMPTY_STATE,
  encodeBundle,
  executeBlock,
  executeGenesis,
  formatCheckpoint,
  formatNote,
  formatTilePath,
  type LogSource,
  leafHashes,
  logOrigin,
  noteSigner,
  type Receipt,
  type SignedTransaction,
  type StoredBlock,
  type StoredTables,
  signGenesis,
  TILE_WIDTH,
  tileWidth,
  updateState,
  type VerifyOptions,
  verifyLog,
} from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import { describe, expect, it } from "vitest";
import { MemoryNodes } from "../src/verify-block.ts";

const fixture = new Fixture(native);
const { genesis } = fixture;

/** An honest ledger of several blocks with everything an engine keeps beside the log. */
function ledgerOf(transactions: readonly SignedTransaction[]) {
  const state = new Map<string, Uint8Array>();
  const nodes = new MemoryNodes();
  const paths: Uint8Array[] = [];
  const host = { primitives: native, contract: testContract, chain: genesis.chain, state };
  const leaves: Uint8Array[] = [];
  const blocks: StoredBlock[] = [];
  const receipts: Receipt[] = [];
  let root: Uint8Array = EMPTY_STATE;
  for (const [sequence, transaction] of [undefined, ...transactions].entries()) {
    const block = { sequence, time: genesis.time + sequence * 1000, transactions: transaction ? [transaction] : [] };
    const execution = transaction === undefined ? executeGenesis(host, genesis) : executeBlock(host, block);
    root = updateState(native, nodes, root, execution.changes);
    for (const [key, value] of execution.changes) if (value !== undefined) state.set(key, value);
    const first = leaves.length;
    leaves.push(...closeBlock(native, execution, block, root).leaves);
    blocks.push({ sequence, time: block.time, first, size: leaves.length });
    if (transaction === undefined) continue;
    const count = 1 + transaction.attachments.length;
    receipts.push({ id: transaction.id, index: first, count, sequence, time: block.time });
  }
  const recorded = new MemoryNodes();
  const put = recorded.put.bind(recorded);
  recorded.put = (path, node) => {
    paths.push(path.slice());
    put(path, node);
  };
  updateState(native, recorded, EMPTY_STATE, state);
  const rows = new Map(paths.map((path) => [Buffer.from(path).toString("hex"), path]));
  const tables: StoredTables = {
    blocks: () => blocks,
    receipts: () => receipts,
    state: () => [...state].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    nodes: () => [...rows.values()].map((path) => [path, recorded.get(path) ?? new Uint8Array(0)] as const),
    integrity: () => [],
  };
  return { leaves, blocks, receipts, state, tables };
}

/** A log without the bundles below leaf `pruned`. */
function logOf(leaves: readonly Uint8Array[], pruned: number) {
  const files = new Map<string, Uint8Array>();
  const { writes, size, root } = appendTiles(native, () => undefined, 0, leafHashes(native, leaves));
  for (const { level, index, data } of writes) {
    files.set(formatTilePath({ level, index, width: data.length / 32 }), data);
  }
  for (let index = pruned / TILE_WIDTH; index * TILE_WIDTH < size; index++) {
    const path = formatTilePath({ level: "entries", index, width: tileWidth(0, index, size) });
    files.set(path, encodeBundle(leaves.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH)));
  }
  const origin = logOrigin(genesis.chain);
  const text = formatCheckpoint({ origin, size, root });
  const note = formatNote(text, [noteSigner(native, origin, fixture.logSeed).sign(text)]);
  const source: LogSource = { checkpoint: async () => ({ note }), tile: async (path) => files.get(path) };
  return { source, files };
}

const ledger = ledgerOf([
  fixture.command("test.emit", "a", { events: 400 }),
  fixture.command("test.emit", "b", { events: 300 }),
  fixture.command("test.put", "c"),
  fixture.command("test.emit", "d", { events: 60 }),
]);
const PRUNED = 512;

const report = (source: LogSource, options: Partial<VerifyOptions> = {}) =>
  verifyLog(source, { primitives: native, genesis, contract: testContract, pruned: PRUNED, ...options });

describe("verifyLog of a log that has dropped its oldest leaves", () => {
  it("finds nothing wrong, says what it could not check, and executes nothing", async () => {
    const found = await report(logOf(ledger.leaves, PRUNED).source, { tables: ledger.tables });
    expect(found.problems).toEqual([]);
    expect(found).toMatchObject({ ok: true, pruned: PRUNED, replayed: false, size: ledger.leaves.length, blocks: 2 });
  });

  it("finds the same log whole when all is there", async () => {
    const whole = { tables: ledger.tables, pruned: 0 };
    expect(await report(logOf(ledger.leaves, 0).source, whole)).toMatchObject({ ok: true, pruned: 0, replayed: true });
  });

  it("finds another founding document, although its leaf is gone", async () => {
    const other = signGenesis(
      native,
      signGenesis(native, { ...genesis, time: genesis.time + 1 }, fixture.member),
      fixture.other,
    );
    const { problems } = await report(logOf(ledger.leaves, PRUNED).source, { genesis: other });
    expect(problems).toMatchObject([{ code: "ledger/wrong-chain", where: "leaf 0" }]);
  });

  it("finds an altered hash among those of dropped leaves", async () => {
    const { source, files } = logOf(ledger.leaves, PRUNED);
    const tile = files.get("tile/0/001");
    if (tile !== undefined) tile[77] = (tile[77] ?? 0) ^ 1;
    expect((await report(source)).problems).toMatchObject([{ code: "ledger/damaged-tile", where: "tile/0/001" }]);
  });

  it("finds an altered leaf among those that are left", async () => {
    const { source, files } = logOf(ledger.leaves, PRUNED);
    const bundle = files.get("tile/entries/002");
    if (bundle !== undefined) bundle[40] = (bundle[40] ?? 0) ^ 1;
    expect((await report(source)).problems).toMatchObject([{ code: "ledger/damaged-tile", where: "tile/entries/002" }]);
  });

  it("finds more dropped than it was told", async () => {
    expect((await report(logOf(ledger.leaves, 768).source)).problems).toMatchObject([
      { code: "ledger/damaged-tile", where: "tile/entries/002" },
    ]);
  });

  const [someKey = ""] = ledger.state.keys();
  it.each<[string, Partial<StoredTables>, string]>([
    [
      "a value that the root does not name",
      { state: () => new Map(ledger.state).set(someKey, Uint8Array.of(9)) },
      "table state",
    ],
    ["a value too few", { state: () => [...ledger.state].slice(1) }, "table state"],
    ["a node too few", { nodes: () => [...ledger.tables.nodes()].slice(1) }, "table nodes"],
    ["a hole in the blocks of dropped leaves", { blocks: () => ledger.blocks.toSpliced(1, 1) }, "table blocks"],
    [
      "a block of dropped leaves that ends elsewhere",
      { blocks: () => ledger.blocks.with(1, { ...block(1), size: 3 }) },
      "table blocks",
    ],
    ["a receipt of a leaf that is left", { receipts: () => ledger.receipts.slice(0, -1) }, "table receipts"],
  ])("finds %s", async (_what, change, where) => {
    const { source } = logOf(ledger.leaves, PRUNED);
    const found = await report(source, { tables: { ...ledger.tables, ...change } });
    expect(found.problems).toMatchObject([{ code: "ledger/damaged-store", where }]);
  });

  it("still holds the log against a checkpoint seen before", async () => {
    const other = ledgerOf([fixture.command("test.emit", "x", { events: 300 }), fixture.command("test.put", "y")]);
    const { source } = logOf(other.leaves, 0);
    const { note } = await source.checkpoint();
    const { problems } = await report(logOf(ledger.leaves, PRUNED).source, { remembered: note });
    expect(problems).toMatchObject([{ code: "ledger/rolled-back" }]);
  });
});

function block(sequence: number): StoredBlock {
  const found = ledger.blocks[sequence];
  if (found === undefined) throw new RangeError("no such block");
  return found;
}
