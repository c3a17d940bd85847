/**
 * `npm run bench -- state [--keys N]`: the authenticated state of the embedded engine at 10³ … 10⁶ keys (or up to N): what a block
 * costs that changes keys, what a proof costs and weighs, how much memory it takes. Each figure stands beside the one at a
 * tenth of the keys: with a tree it may grow as the logarithm does.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asTuple, asUint } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { type Contract, type Engine, encodeStateProof, signTransaction, verifyStateProof } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { founded, founderSigner } from "@anamnesis/ledger/conformance/founding";
import { type Bench, type Figure, median } from "./harness.ts";
import { numberOption } from "./source/statistics.ts";

const LEAST = 1_000;
const MOST = 1_000_000;
/** Keys that one command writes while the state grows, and while it is measured. */
const STEP = 1_000;
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
  const most = numberOption("keys", MOST);
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const options = { dir, genesis, primitives: native, contract: writing, logSigner: logSeed };
  await createLedger(options);
  const engine = await openEmbedded({ ...options, clock: { now: () => Date.now() } });
  try {
    const writer = new Writer(engine);
    const found: Figure[][] = [];
    let keys = 0;
    for (let at = LEAST; at <= most; at *= 10) {
      for (; keys < at; keys += STEP) await writer.write(keys, 1, STEP);
      say(`${at.toLocaleString("en-US")} keys`);
      found.push(await measured(engine, writer, at, found.at(-1)));
    }
    return found.flat();
  } finally {
    await engine.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

class Writer {
  readonly #engine: Engine;
  #nonce = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** One block that writes these keys. @returns milliseconds */
  async write(from: number, step: number, count: number): Promise<number> {
    const body = [from, step, count];
    const nonce = ++this.#nonce;
    const transaction = { chain: genesis.chain, kind: "test.put", nonce, expires: 4_000_000_000, body };
    const signed = signTransaction(native, transaction, [signer]);
    const started = performance.now();
    await this.#engine.submit(signed);
    return performance.now() - started;
  }
}

async function measured(engine: Engine, writer: Writer, keys: number, before?: readonly Figure[]): Promise<Figure[]> {
  const many: number[] = [];
  const one: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    many.push((await writer.write(round, keys / STEP, STEP)) / STEP);
    one.push(await writer.write((round * 7919) % keys, 1, 1));
  }
  const proofs = await proofsOf(engine, keys);
  const figures: readonly (readonly [string, number, string])[] = [
    ["a key, in a block of 1,000", median(many) * 1000, "µs"],
    ["a block with one key, durable", median(one), "ms"],
    ["reading with proof", median(proofs.read) * 1000, "µs"],
    ["checking a proof", median(proofs.check) * 1000, "µs"],
    ["size of a proof", median(proofs.bytes), "bytes"],
    ["memory of the process", Math.round(process.memoryUsage().rss / 2 ** 20), "MiB"],
  ];
  return figures.map(([name, value, unit], i): Figure => {
    const peerValue = before?.[i]?.value;
    const figure = { name: `${keys.toLocaleString("en-US")} keys: ${name}`, value, unit, n: ROUNDS };
    if (peerValue === undefined) return figure;
    return { ...figure, peer: "a tenth of the keys", peerValue, ratio: value / peerValue };
  });
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
