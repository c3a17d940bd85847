import { chainId, encode, sourceId, toHex } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { blockLeaf, type LogReader, noncePath } from "@anamnesis/ledger";
import { describe, expect, it } from "vitest";
import type { BatchSigner } from "../src/batcher.ts";
import { followNonce } from "../src/nonce.ts";

const NOW_MS = 1_800_000_000_000;
const signer = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(1));

const how = (nonce: number): BatchSigner => ({
  ...{ primitives: native, signer, chain: chainId("test"), source: sourceId("ehr"), now: () => NOW_MS, nonce },
});

/** A ledger whose newest block has this time, and which saw this nonce of the key last. */
const ledger = (timeMs: number, nonce: number | undefined): Pick<LogReader, "read"> => ({
  async read(key) {
    expect(key).toBe(noncePath(toHex(signer.keyId)));
    const value = nonce === undefined ? undefined : encode(nonce);
    return { value, blockLeaf: blockLeaf(7, timeMs, new Uint8Array(32)) } as Awaited<ReturnType<LogReader["read"]>>;
  },
});

async function followed(own: number, timeMs: number, nonce: number | undefined, leaps?: number): Promise<number> {
  const batchSigner = how(own);
  await followNonce(ledger(timeMs, nonce), batchSigner, leaps);
  return batchSigner.nonce;
}

describe("the nonce of a batch", () => {
  it("goes on from the highest that the ledger saw of the key, or from its own", async () => {
    expect(await followed(5, 0, undefined)).toBe(5);
    expect(await followed(5, 0, 900)).toBe(900);
    expect(await followed(950, 0, 900)).toBe(950);
  });

  it("tells the ledger's time where that is ahead of the clock, whoever moved it there", async () => {
    const future = NOW_MS + 86_400_000;
    expect(await followed(5, future, 900)).toBe(future * 1_000);
    expect(await followed(5, NOW_MS - 1, 900)).toBe(900);
  });

  it("leaps further with every refusal, so that two with one key get apart", async () => {
    const steps = await Promise.all([1, 2, 3].map((leaps) => followed(0, 0, 900, leaps)));
    expect(steps).toEqual([2_900, 4_900, 8_900]);
  });
});
