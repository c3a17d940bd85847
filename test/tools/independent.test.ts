/** The files of a large log, checked by code that shares nothing with ours. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { exportLog } from "@anamnesis/gateway";
import { cosigner, type Engine, formatNote, parseNote } from "@anamnesis/ledger";
import { Fixture, TestClock, testContract } from "@anamnesis/ledger/conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  auditPath,
  checkLog,
  checkpointOf,
  consistencyPath,
  fromFolder,
  leavesOf,
  rootByPath,
  signedBy,
  treeHead,
} from "../../tools/independent/tlog.ts";

const BATCHES = 18;
const EVENTS = 4_000;
/** Positions over the whole log, at its edges and at tile borders. */
const PLACES = [0, 255, 65_536, 70_001];

let dir: string;
let out: string;
let engine: Engine;
let key: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-independent-"));
  out = join(dir, "out");
  const fixture = new Fixture(native);
  const { genesis, logSeed } = fixture;
  const options = { dir: join(dir, "ledger"), genesis, primitives: native, contract: testContract, logSigner: logSeed };
  await createLedger(options);
  engine = await openEmbedded({ ...options, clock: new TestClock() });
  for (let i = 0; i < BATCHES; i++) await engine.submit(fixture.command("test.emit", `${i}`, { events: EVENTS }));
  await exportLog(engine, out, { primitives: native });
  key = readFileSync(join(out, "log.vkey"), "utf8").trim();
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("an independent reading of C2SP tlog-tiles and RFC 6962", () => {
  it("imports nothing of ours", () => {
    const source = readFileSync(new URL("../../tools/independent/tlog.ts", import.meta.url), "utf8");
    const imported = [...source.matchAll(/from "([^"]+)"/g)].map((match) => match[1]);
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((name) => !name?.startsWith("node:"))).toEqual([]);
  });

  it("finds every tile, bundle, root and signature of more than 70,000 entries as the texts demand", async () => {
    const { size, root } = checkLog(fromFolder(out), [key]);
    const ours = await engine.checkpoint();
    expect(size).toBeGreaterThan(70_000);
    expect({ size, root: root.toString("hex") }).toEqual({
      size: ours.size,
      root: Buffer.from(ours.root).toString("hex"),
    });
  });

  it("gives the same audit and consistency paths", async () => {
    const { size, root } = checkpointOf(readFileSync(join(out, "checkpoint"), "utf8"));
    const leaves = leavesOf(fromFolder(out), size);
    for (const place of [...PLACES, size - 1]) {
      const path = (await engine.inclusion(place, size)).map((each) => Buffer.from(each));
      expect(path).toEqual(auditPath(place, leaves));
      expect(rootByPath(leaves[place] ?? Buffer.alloc(0), place, size, path)).toEqual(root);
    }
    for (const older of PLACES.filter((place) => place > 0)) {
      const path = (await engine.consistency(older, size)).map((each) => Buffer.from(each));
      expect(path).toEqual(consistencyPath(older, leaves));
    }
    expect(treeHead(leaves)).toEqual(root);
  });

  it("notices one flipped bit in a tile, in a bundle, in the checkpoint", () => {
    for (const file of ["tile/0/017", "tile/1/000", "tile/entries/137", "checkpoint"]) {
      const whole = readFileSync(join(out, file));
      const flipped = Buffer.from(whole);
      flipped[20] = (flipped[20] ?? 0) ^ 1;
      writeFileSync(join(out, file), flipped);
      expect(() => checkLog(fromFolder(out), [key])).toThrow();
      writeFileSync(join(out, file), whole);
    }
    expect(() => checkLog(fromFolder(out), [key])).not.toThrow();
  });

  it("accepts a cosignature with its time, and not another text under it", async () => {
    const { note } = await engine.checkpoint();
    const { text, signatures } = parseNote(note);
    const witness = cosigner(native, "witness.example", new Uint8Array(32).fill(7));
    const cosigned = formatNote(text, [...signatures, witness.cosign(text, 1_800_000_000)]);
    expect(signedBy(cosigned, witness.verifierKey)).toBe(true);
    expect(signedBy(note, witness.verifierKey)).toBe(false);
    expect(signedBy(cosigned.replace("anamnesis/", "anamnesia/"), witness.verifierKey)).toBe(false);
  });
});
