import { readFileSync } from "node:fs";
import { fromHex, toHex } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import { describe, expect, it } from "vitest";
import { suiteOf } from "../src/index.ts";
import { type Ed25519Case, ed25519Cases, TORSION } from "./ed25519-cases.ts";

const FILE = new URL("../../../vectors/ed25519.json", import.meta.url);

const read = (): Ed25519Case[] => JSON.parse(readFileSync(FILE, "utf8")).cases;

/** Change the cases and run vitest with `--update` to write the file anew: a change of verdicts is a change of the chain. */
const suite = suiteOf("INTL-1");

it("the frozen vectors are the generated ones", async () => {
  const file = {
    about: "Ed25519 under the rule of suite INTL-1 (spec/encoding.md). Bytes are hexadecimal.",
    cases: ed25519Cases(),
  };
  await expect(`${JSON.stringify(file, null, 2)}\n`).toMatchFileSnapshot(FILE.pathname);
});

describe.each([native, portable])("$name gives the verdict of each vector", (p) => {
  it.each(read())("$name: $valid", async ({ publicKey, message, signature, valid }) => {
    expect(p.ed25519Verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid);
    expect(await suite.verifyAside(p, fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid);
  });
});

it("the vectors hold both verdicts, and the points of small order are the eight of the curve", () => {
  const verdicts = read().map((c) => c.valid);
  expect(verdicts.filter(Boolean).length).toBeGreaterThan(15);
  expect(verdicts.filter((valid) => !valid).length).toBeGreaterThan(60);
  expect(new Set(TORSION.map((t) => toHex(t.toBytes()))).size).toBe(8);
});

/**
 * cases.json of novifinancial/ed25519-speccheck (commit 336651ba), the vectors of "Taming the many EdDSAs" (2020).
 * Only the fourth meets the rule: mixed order, and the cofactorless equation holds.
 */
const SPECCHECK: readonly (readonly [what: string, publicKey: string, message: string, signature: string])[] = [
  [
    "small A and R, S = 0",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
  ],
  [
    "small A, mixed R",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
  ],
  [
    "mixed A, small R",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
  ],
  [
    "mixed order, cofactorless holds",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
    "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
  ],
  [
    "mixed order, only cofactored holds (1)",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
    "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
  ],
  [
    "mixed order, only cofactored holds (2)",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
    "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
  ],
  [
    "S above L",
    "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
    "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
    "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
  ],
  [
    "S far above L",
    "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
    "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
    "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
  ],
  [
    "R not canonical (1)",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607",
  ],
  [
    "R not canonical (2)",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09",
  ],
];

describe.each([native, portable])("$name on the published vectors for verification rules", (p) => {
  it.each(SPECCHECK)("%s", async (what, publicKey, message, signature) => {
    const valid = what === "mixed order, cofactorless holds";
    expect(p.ed25519Verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid);
    expect(await suite.verifyAside(p, fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid);
  });
});
