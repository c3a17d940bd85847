/**
 * `npm run bench -- state [--keys N]`: the authenticated state of the embedded engine at 10³ … 10⁶ keys (or up to N): what a block
 * costs that changes keys, what a proof costs and weighs, how much memory it takes. Writing is held against a plain table of the
 * same keys, in turns; everything else against the figure at a tenth of the keys: with a tree it may grow as the logarithm does.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { asTuple, asUint } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { type Contract, type Engine, encodeStateProof, signTransaction, verifyStateProof } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { founded, founderSigner } from "@anamnesis/ledger/conformance/founding";
import { type Bench, type Figure, median } from "./harness.ts";
import { PlainTable } from "./peers/plain-table.ts";
import { numberOption } from "./source/statistics.ts";

const LEAST = 1_000;
const MOST = 1_000_000;
/** Keys that one command writes while it is measured, and at most while the state grows. */
const STEP = 1_000;
const FILL_MAX = 5_000;
const ROUNDS = 15;
const PROOFS = 200;

const logSeed = new Uint8Array(32).fill(2);
const signer = founderSigner(native, "nord");
const logKey = native.ed25519PublicKey(logSeed);
const genesis = founded(native, { chain: "bench", organisations: ["nord"], logKey });

const keyOf = (n: number): string => `bench/${n}`;

/** Writes the keys `from`, `from + step`, …: `count` of them. */
const writing: Contract = {
  ...testContract,
  check: () => null,
  handle(context, { transaction }) {
    const [from, step, count] = asTuple(transaction.body, 3, "keys");
    const value = new Uint8Array(32).fill(transaction.nonce & 0xff);
    for (let i = 0; i < asUint(count, "count"); i++) {
      context.put(keyOf(asUint(from, "from") + i * asUint(step, "step")), value);
    }
    return null;
  },
};

export const bench: Bench = async (say) => {
  setFlagsFromString("--semi-space-growth-factor=1"); // as the command does, see cli/src/memory.ts
  const most = numberOption("keys", MOST);
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const options = { dir: join(dir, "ledger"), genesis, primitives: native, contract: writing, logSigner: logSeed };
  await createLedger(options);
  const engine = await openEmbedded({ ...options, clock: { now: () => Date.now() } });
  const plain = new PlainTable(join(dir, "plain.sqlite"));
  try {
    const contenders = { writer: new Writer(engine), plain };
    const found: Figure[][] = [];
    let keys = 0;
    for (let at = LEAST; at <= most; at *= 10) {
      const step = Math.min(FILL_MAX, at / 10);
      for (; keys < at; keys += step) await writeBoth(contenders, keys, 1, step);
      say(`${at.toLocaleString("en-US")} keys`);
      found.push(await measured(engine, contenders, at, found.at(-1)));
    }
    return found.flat();
  } finally {
    plain.close();
    await engine.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

/** What a block cost, in milliseconds. */
interface Cost {
  readonly ours: number;
  /** Processor time of this process, its threads and the system's work for it. */
  readonly processor: number;
  readonly plain: number;
}

class Writer {
  readonly #engine: Engine;
  #nonce = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** One block that writes these keys. */
  async write(from: number, step: number, count: number): Promise<Omit<Cost, "plain">> {
    const body = [from, step, count];
    const nonce = ++this.#nonce;
    const transaction = { chain: genesis.chain, kind: "test.put", nonce, expires: 4_000_000_000, body };
    const signed = signTransaction(native, transaction, [signer]);
    const cpu = process.cpuUsage();
    const started = performance.now();
    await this.#engine.submit(signed);
    const ours = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    return { ours, processor: (user + system) / 1000 };
  }
}

interface Contenders {
  readonly writer: Writer;
  readonly plain: PlainTable;
}

async function writeBoth({ writer, plain }: Contenders, from: number, step: number, count: number): Promise<Cost> {
  const keys = Array.from({ length: count }, (_, i) => keyOf(from + i * step));
  const cost = await writer.write(from, step, count);
  return { ...cost, plain: plain.write(keys) };
}

async function measured(
  engine: Engine,
  contenders: Contenders,
  keys: number,
  before?: readonly Figure[],
): Promise<Figure[]> {
  const many: Cost[] = [];
  const one: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    many.push(await writeBoth(contenders, round, keys / STEP, STEP));
    one.push(await writeBoth(contenders, (round * 7919) % keys, 1, 1));
  }
  const proofs = await proofsOf(engine, keys);
  const size = `${keys.toLocaleString("en-US")} keys: `;
  const perKey = (of: (cost: Cost) => number) => (median(many.map(of)) / STEP) * 1000;
  const processor = perKey((each) => each.processor);
  const beside: readonly (readonly [string, number, string])[] = [
    ["processor time for a key", processor, "µs"],
    ["the same, for each node of the tree that changes", processor / nodesChanged(keys, STEP), "µs"],
    ["reading with proof", median(proofs.read) * 1000, "µs"],
    ["checking a proof", median(proofs.check) * 1000, "µs"],
    ["size of a proof", median(proofs.bytes), "bytes"],
    ["memory of the process", Math.round(process.memoryUsage().rss / 2 ** 20), "MiB"],
  ];
  const writes: readonly (readonly [string, number, number, string])[] = [
    ["a key, in a block of 1,000", perKey((each) => each.ours), perKey((each) => each.plain), "µs"],
    ["a block with one key", median(one.map((each) => each.ours)), median(one.map((each) => each.plain)), "ms"],
  ];
  return [
    ...writes.map(([name, value, peerValue, unit]): Figure => {
      return { name: size + name, value, unit, n: ROUNDS, peer: "plain table", peerValue, ratio: value / peerValue };
    }),
    ...beside.map(([name, value, unit], i): Figure => {
      const figure = { name: size + name, value, unit, n: ROUNDS };
      const peerValue = before?.[writes.length + i]?.value;
      if (peerValue === undefined) return figure;
      return { ...figure, peer: "a tenth of the keys", peerValue, ratio: value / peerValue };
    }),
  ];
}

/** Nodes that change per key when `some` of `keys` do, as expected of hashes: a place of the tree is an inner node when two keys lie below. */
function nodesChanged(keys: number, some: number): number {
  let nodes = some;
  for (let depth = 0; depth < 64; depth++) {
    const places = 2 ** depth;
    // Poisson: other keys below the place besides the changed ones, and changed ones.
    const changed = some / places;
    const others = (keys - some) / places;
    const none = Math.exp(-changed);
    const onlyOne = changed * none * Math.exp(-others);
    nodes += places * (1 - none - onlyOne);
  }
  return nodes / some;
}

async function proofsOf(engine: Engine, keys: number) {
  const read: number[] = [];
  const check: number[] = [];
  const bytes: number[] = [];
  for (let i = 0; i < PROOFS; i++) {
    const key = keyOf((i * 104_729) % keys);
    const started = performance.now();
    const { value, proof, blockLeaf } = await engine.read(key);
    read.push(performance.now() - started);
    const root = blockLeaf.slice(-32);
    const checked = performance.now();
    if (!verifyStateProof(native, root, key, value, proof)) throw new Error(`the proof of ${key} does not hold`);
    check.push(performance.now() - checked);
    bytes.push(encodeStateProof(proof).length);
  }
  return { read, check, bytes };
}
