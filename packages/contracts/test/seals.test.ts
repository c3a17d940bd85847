import {
  encodeSealBody,
  PROPOSE_KIND,
  proposeBody,
  SEAL_KIND,
  VOTE_KIND,
  VOUCH_KIND,
  voteBody,
  vouchBody,
} from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { cosigner, cosignerName, formatCheckpoint, logOrigin } from "@anamnesis/ledger";
import { cosignerSeed } from "@anamnesis/ledger/conformance/founding";
import { beforeEach, describe, expect, it } from "vitest";
import { RULE } from "../src/incentive/rule.ts";
import { CHAIN, TestChain } from "./chain.ts";

const FOUR = ["a", "b", "c", "d"];
const SIZE = 10;
/** When the first stretch begins, ms. */
const OPENED = 1_000_000;

interface Sealing {
  readonly by: string;
  readonly size: number;
  readonly cosigners: readonly string[];
  /** Seconds. */
  readonly time: number;
}

describe("a seal", () => {
  let chain: TestChain;
  beforeEach(() => {
    chain = new TestChain(FOUR);
    work();
    chain.time += RULE.turnMs * FOUR.length;
  });

  /** Two members change something, so that everybody stands in the line. */
  function work(): void {
    for (const by of ["a", "b"]) {
      expect(chain.run(by, VOUCH_KIND, vouchBody(native.random(16), ["nurse"]))).toBe("accepted");
    }
  }

  function sealed(change: Partial<Sealing> = {}): string {
    const time = Math.floor(chain.time / 1000);
    const { by, size, cosigners, time: at } = { by: "a", size: SIZE, cosigners: FOUR, time, ...change };
    const root = new Uint8Array(32).fill(size);
    const text = formatCheckpoint({ origin: logOrigin(CHAIN), size, root });
    const cosignatures = cosigners.map((id) => {
      const signer = cosigner(native, cosignerName(CHAIN, orgId(id)), cosignerSeed(native, id));
      return { id: orgId(id), time: at, signature: signer.cosign(text, at).signature.slice(8) };
    });
    return chain.run(by, SEAL_KIND, encodeSealBody({ size, root, cosignatures }));
  }

  it("is accepted with more than two thirds of the members, and not with fewer", () => {
    expect(sealed({ cosigners: ["a", "b"] })).toBe("incentive/no-quorum");
    expect(sealed({ cosigners: ["a", "b", "c"] })).toBe("accepted");
  });

  it("is of a larger checkpoint than the one before it", () => {
    expect(sealed()).toBe("accepted");
    work();
    chain.time += RULE.turnMs * FOUR.length;
    expect(sealed({ size: SIZE - 1 })).toBe("incentive/stale-seal");
    expect(sealed({ size: SIZE })).toBe("incentive/stale-seal");
    expect(sealed({ size: SIZE + 1 })).toBe("accepted");
  });

  it("holds no cosignature that is older than what it seals", () => {
    const opened = Math.floor(OPENED / 1000);
    expect(sealed({ time: opened - 1 })).toBe("incentive/old-cosignature");
    expect(sealed({ time: opened })).toBe("accepted");
  });

  it("follows the one before it after a pause, and seals something", () => {
    expect(sealed()).toBe("accepted");
    expect(sealed({ size: SIZE + 1 })).toBe("incentive/nothing-to-seal");
    work();
    chain.time += RULE.pauseMs - 1;
    expect(sealed({ size: SIZE + 1, by: "b" })).toBe("incentive/too-early");
    chain.time += 1;
    expect(sealed({ size: SIZE + 1, by: "b" })).toBe("accepted");
  });

  it("names each member once, and only members", () => {
    expect(sealed({ cosigners: ["a", "b", "b"] })).toBe("incentive/malformed-seal");
    expect(sealed({ cosigners: ["a", "b", "c", "x"] })).toBe("incentive/bad-cosignature");
  });

  it("is not cosigned by a member that is suspended, though its key is known and its signature right", () => {
    expect(chain.run("a", PROPOSE_KIND, proposeBody({ type: "suspend", id: orgId("d") }))).toBe("accepted");
    expect(chain.run("b", VOTE_KIND, voteBody(0, true))).toBe("accepted");
    expect(sealed()).toBe("incentive/bad-cosignature");
    expect(sealed({ cosigners: ["a", "b", "c"] })).toBe("accepted");
  });

  it("is made by the third of the line when its turn comes, and not a millisecond before", () => {
    chain.time = OPENED + 2 * RULE.turnMs - 1;
    expect(sealed({ by: "c" })).toBe("incentive/not-your-turn");
    chain.time += 1;
    expect(sealed({ by: "c" })).toBe("accepted");
  });
});
