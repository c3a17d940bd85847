import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { cosigner, formatAddCheckpoint, handleAddCheckpoint, noteSigner } from "@anamnesis/ledger";
import { TestLog, witnessConformance } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWitness, SqliteWitnessStore } from "../src/index.ts";

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

function codeThrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

witnessConformance("with its memory in a file, by two processes in turn", native, (options) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-witness-"));
  const open = () => [0, 1].map(() => new SqliteWitnessStore(join(dir, "witness.db")));
  let stores = open();
  let turn = 0;
  const close = () => stores.forEach((s) => s.close());
  return Promise.resolve({
    answer(body) {
      const store = stores[turn++ % 2];
      if (store === undefined) throw new Error("no store");
      return handleAddCheckpoint({ ...options, store }, body);
    },
    restart() {
      close();
      stores = open();
      return Promise.resolve();
    },
    dispose() {
      close();
      rmSync(dir, { recursive: true, force: true });
      return Promise.resolve();
    },
  });
});

describe("the folder of a witness", () => {
  const log = new TestLog(native).grow(40);
  const vkey = (origin: string, seed: number) => noteSigner(native, origin, new Uint8Array(32).fill(seed)).verifierKey;
  const LOG_KEY = vkey(log.origin, 77);
  let root: string;
  let dir: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "anamnesis-witness-"));
    dir = join(root, "w");
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const use = <T>(
    options: Omit<Parameters<typeof openWitness>[0], "dir">,
    run: (w: ReturnType<typeof openWitness>) => T,
  ) => {
    const witness = openWitness({ dir, ...options });
    try {
      return run(witness);
    } finally {
      witness.close();
    }
  };

  it("is made once, keeps its key to itself and its logs for the next start", () => {
    const first = use({ name: "w.example/1", logs: [LOG_KEY] }, (w) => [w.made, w.cosigner.verifierKey, w.origins]);
    expect(first).toEqual([true, expect.stringMatching(/^w\.example\/1\+/), [log.origin]]);
    expect(statSync(join(dir, "witness.key")).mode & 0o777).toBe(0o600);
    const other = vkey("anamnesis/other", 4);
    const rotated = vkey(log.origin, 78);
    const second = use({ logs: [other, LOG_KEY, rotated] }, (w) => [w.made, w.cosigner.verifierKey, w.logs]);
    expect(second).toEqual([false, first[1], [LOG_KEY, other, rotated]]);
    use({ name: "w.example/1" }, (w) => {
      expect(w.deps.logKeys(log.origin)?.length).toBe(2);
      expect(w.deps.logKeys("anamnesis/unknown")).toBeUndefined();
    });
  });

  it("is not made without a name, under a bad one, in a folder with other things, or for a wrong key", () => {
    expect(codeThrown(() => openWitness({ dir }))).toBe("node/not-a-witness");
    expect(codeThrown(() => openWitness({ dir, name: "a b" }))).toBe("node/not-a-witness");
    expect(codeThrown(() => openWitness({ dir, name: "w", logs: ["nonsense"] }))).toBe("ledger/malformed");
    writeFileSync(join(root, "file"), "x");
    expect(codeThrown(() => openWitness({ dir: root, name: "w" }))).toBe("node/folder-not-empty");
    expect(existsSync(join(dir, "witness.json"))).toBe(false);
    expect(use({ name: "w" }, (w) => w.made)).toBe(true);
    expect(codeThrown(() => openWitness({ dir, name: "v" }))).toBe("node/not-a-witness");
  });

  it("does not start over when its memory is gone or damaged", async () => {
    const body = utf8(formatAddCheckpoint({ old: 0, proof: [], note: log.note(9) }));
    const witness = openWitness({ dir, name: "w", logs: [LOG_KEY] });
    expect((await handleAddCheckpoint(witness.deps, body)).status).toBe(200);
    witness.close();
    const memory = join(dir, "witness.db");
    const kept = readFileSync(memory);
    rmSync(memory);
    expect(codeThrown(() => openWitness({ dir }))).toBe("node/damaged-memory");
    writeFileSync(memory, "not a database, but long enough to be looked at as one");
    expect(codeThrown(() => openWitness({ dir }))).toBe("node/damaged-memory");
    writeFileSync(memory, kept);
    writeFileSync(join(dir, "witness.key"), "short");
    expect(codeThrown(() => openWitness({ dir }))).toBe("node/bad-key-file");
    writeFileSync(join(dir, "witness.json"), "{}");
    expect(codeThrown(() => openWitness({ dir }))).toBe("node/not-a-witness");
  });

  it("signs with the key of its file", () => {
    use({ name: "w" }, (w) => {
      const seed = fromHex(readFileSync(join(dir, "witness.key"), "utf8").trim());
      expect(w.cosigner.verifierKey).toBe(cosigner(native, "w", seed).verifierKey);
    });
  });
});
