import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AnamnesisError, codeOf, equal, toHex } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import {
  formatTilePath,
  levelWidth,
  noncePath,
  type Receipt,
  type SignedCheckpoint,
  TILE_WIDTH,
  tileWidth,
} from "@anamnesis/ledger";
import { statePathOf } from "@anamnesis/ledger/conformance/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FILES, openReader } from "../src/index.ts";
import { chance, seedOf, TestLedger, temporaryFolder } from "./support.ts";

const FLIPS = 320;
const CUTS = 60;

/** A sound ledger, once closed and once as it lies there while an engine has it open (with its WAL). */
describe("damage to the files of a ledger", () => {
  const folder = temporaryFolder();
  const closed = join(folder.dir, "closed");
  const open = join(folder.dir, "open");
  const broken = join(folder.dir, "broken");
  const ledger = new TestLedger();
  const receipts: Receipt[] = [];
  const states: SignedCheckpoint[] = [];
  let answers: ReadonlyMap<string, string>;

  beforeAll(async () => {
    await ledger.create(closed);
    const engine = await ledger.open(closed);
    states.push(await engine.checkpoint());
    for (let i = 0; i < 40; i++) {
      receipts.push(await engine.submit(ledger.fixture.command("test.emit", `k${i % 9}`, { events: 3 * (i % 11) })));
      states.push(await engine.checkpoint());
    }
    cpSync(closed, open, { recursive: true });
    rmSync(join(open, `${FILES.store}-shm`));
    await engine.close();
    cpSync(join(closed, FILES.remembered), join(open, FILES.remembered));
    answers = await allAnswers(closed);
    expect([...answers.values()].some((each) => each.startsWith("error"))).toBe(false);
  });
  afterAll(() => folder.remove());

  const breakCopy = (from: string) => {
    rmSync(broken, { recursive: true, force: true });
    cpSync(from, broken, { recursive: true });
  };

  it.each([
    ["closed", closed],
    ["with its WAL", open],
  ])("%s: a flipped byte is found by verification, or changes no answer", { timeout: 120_000 }, async (name, from) => {
    const random = chance(seedOf(`flips, ${name}`));
    const places = allPlaces(from);
    let found = 0;
    for (let i = 0; i < FLIPS / 2; i++) {
      breakCopy(from);
      const where = flip(broken, places, random);
      const verified = await ledger.verify(broken);
      const after = await allAnswers(broken);
      if (!verified.ok) found++;
      for (const [question, answer] of answers) {
        const now = after.get(question) ?? "nothing";
        const same = now === answer;
        if (verified.ok) expect(`${where}: ${question}: ${now}`).toBe(`${where}: ${question}: ${answer}`);
        // Found or not: what is given out is true, or an error with a code. (A receipt may be gone.)
        else expect(same || now.startsWith("error ledger/") || question.startsWith("receipt")).toBe(true);
      }
    }
    console.log(`flips, ${name}: ${found} of ${FLIPS / 2} found, the others without effect`);
    expect(found).toBeGreaterThan(FLIPS / 8);
  });

  /*
   * Cutting or spoiling bytes that were flushed is damage, and no software brings them back. What holds: the store is
   * refused by name, or it is exactly the state after one of its blocks; and as the checkpoint remembered outside the store
   * is newer than that, the loss is told by name and nothing is ordered on top of it.
   */
  it("a torn or spoilt WAL gives an earlier whole state, told as rolled back", { timeout: 120_000 }, async () => {
    const random = chance(seedOf("torn WAL"));
    const wal = join(broken, `${FILES.store}-wal`);
    const length = statSync(join(open, `${FILES.store}-wal`)).size;
    let earlier = 0;
    for (let i = 0; i < CUTS; i++) {
      breakCopy(open);
      const at = random(length);
      if (i % 2 === 0) truncateSync(wal, at);
      else writeFileSync(wal, garbled(readFileSync(wal), at, random));
      const opened = await ledger.open(broken).then((engine) => engine.close().then(() => "opened"), codeOf);
      const read = await openReader({ dir: broken, primitives: native }).then(
        (r) => r.close().then(() => "opened"),
        codeOf,
      );
      const { size, root, problems } = await ledger.verify(broken);
      const codes = problems.map((each) => each.code);
      if (codes.includes("ledger/damaged-store")) {
        expect([opened, read]).toEqual(["ledger/damaged-store", "ledger/damaged-store"]);
        continue;
      }
      const block = states.findIndex((each) => each.size === size && equal(each.root, root));
      expect(block).toBeGreaterThanOrEqual(0);
      const whole = block === states.length - 1;
      const told = whole ? "opened" : "ledger/rolled-back";
      expect([opened, read, codes]).toEqual([told, told, whole ? [] : ["ledger/rolled-back"]]);
      if (!whole) earlier++;
      rmSync(join(broken, FILES.remembered));
      expect((await ledger.verify(broken)).problems).toEqual([]);
    }
    expect(earlier).toBeGreaterThan(CUTS / 4);
  });

  it("an older copy put back is told by name", async () => {
    breakCopy(closed);
    const engine = await ledger.open(broken);
    await engine.submit(ledger.fixture.command("test.put", "later"));
    await engine.close();
    cpSync(join(closed, FILES.store), join(broken, FILES.store));
    expect((await ledger.verify(broken)).problems.map((each) => each.code)).toEqual(["ledger/rolled-back"]);
    await expect(ledger.open(broken)).rejects.toMatchObject({ code: "ledger/rolled-back" });
  });

  it("a missing ledger and a foreign file have names too", async () => {
    await expect(ledger.open(join(folder.dir, "nowhere"))).rejects.toMatchObject({ code: "ledger/no-ledger" });
    await expect(ledger.verify(join(folder.dir, "nowhere"))).rejects.toMatchObject({ code: "ledger/no-ledger" });
    breakCopy(closed);
    writeFileSync(join(broken, FILES.store), "no database at all. ".repeat(1000));
    await expect(ledger.open(broken)).rejects.toMatchObject({ code: "ledger/damaged-store" });
    expect((await ledger.verify(broken)).problems[0]?.code).toBe("ledger/damaged-store");
  });

  /** Every question the ledger answers, with its answer as text. */
  async function allAnswers(dir: string): Promise<Map<string, string>> {
    const all = new Map<string, string>();
    const ask = async (question: string, work: () => Promise<unknown>) => {
      all.set(
        question,
        await work().then(
          asText,
          (error: unknown) => `error ${error instanceof AnamnesisError ? error.code : String(error)}`,
        ),
      );
    };
    const { size } = await reader0();
    const reader = await openReader({ dir, primitives: native }).catch((error: unknown) => error as AnamnesisError);
    const withReader = (work: (r: Awaited<ReturnType<typeof openReader>>) => Promise<unknown>) => async () => {
      if (reader instanceof Error) throw reader;
      return work(reader);
    };
    await ask(
      "checkpoint",
      withReader((r) => r.checkpoint()),
    );
    for (let from = 0; from < size; from += TILE_WIDTH) {
      await ask(
        `leaves ${from}`,
        withReader((r) => collect(r.leaves(from, Math.min(size, from + TILE_WIDTH)))),
      );
      await ask(
        `entries ${from}`,
        withReader((r) => r.tile(tilePath("entries", from / TILE_WIDTH, size))),
      );
    }
    for (let level = 0; levelWidth(level, size) > 0; level++) {
      for (let index = 0; tileWidth(level, index, size) > 0; index++) {
        await ask(
          `tile ${level}/${index}`,
          withReader((r) => r.tile(tilePath(level, index, size))),
        );
      }
    }
    const keys = [
      ...Array.from({ length: 10 }, (_, i) => statePathOf(`k${i}`)),
      noncePath(ledger.fixture.memberKeyHex),
    ];
    for (const key of keys)
      await ask(
        `state ${key}`,
        withReader((r) => r.read(key)),
      );
    if (!(reader instanceof Error)) await reader.close();
    const engine = await ledger.open(dir).catch((error: unknown) => error as AnamnesisError);
    for (const { id } of receipts) {
      await ask(`receipt ${toHex(id)}`, async () => {
        if (engine instanceof Error) throw engine;
        return engine.receipt(id);
      });
    }
    if (!(engine instanceof Error)) await engine.close();
    return all;
  }

  async function reader0() {
    const reader = await openReader({ dir: closed, primitives: native });
    const checkpoint = await reader.checkpoint();
    await reader.close();
    return checkpoint;
  }
});

const tilePath = (level: number | "entries", index: number, size: number) =>
  formatTilePath({ level, index, width: tileWidth(level === "entries" ? 0 : level, index, size) });

const asText = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? toHex(each) : each)) ?? "nothing";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function allPlaces(dir: string): { file: string; size: number }[] {
  return readdirSync(dir).map((file) => ({ file, size: statSync(join(dir, file)).size }));
}

/** One random bit pattern over one random byte of all files together. */
function flip(
  dir: string,
  places: readonly { file: string; size: number }[],
  random: (below: number) => number,
): string {
  let at = random(places.reduce((sum, each) => sum + each.size, 0));
  for (const { file, size } of places) {
    if (at >= size) {
      at -= size;
      continue;
    }
    const bytes = readFileSync(join(dir, file));
    writeFileSync(join(dir, file), bytes.with(at, (bytes[at] ?? 0) ^ (1 + random(255))));
    return `${file} at ${at}`;
  }
  throw new RangeError("no place");
}

function garbled(bytes: Uint8Array, at: number, random: (below: number) => number): Uint8Array {
  const end = Math.min(bytes.length, at + 1 + random(200));
  const out = new Uint8Array(bytes);
  for (let i = at; i < end; i++) out[i] = (out[i] ?? 0) ^ (1 + random(255));
  return out;
}
