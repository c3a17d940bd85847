import {
  type Action,
  LEAVE_KIND,
  leaveBody,
  PROPOSE_KIND,
  proposeBody,
  ROTATE_COSIGNER_KIND,
  ROTATE_KEYS_KIND,
  readMemberSet,
  readOrganisation,
  readPerson,
  rotateCosignerBody,
  rotateKeysBody,
  VOTE_KIND,
  VOUCH_KIND,
  voteBody,
  vouchBody,
  WITHDRAW_KIND,
  withdrawBody,
} from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { executeBlock } from "@anamnesis/ledger";
import { founderSigner } from "@anamnesis/ledger/conformance/founding";
import { describe, expect, it } from "vitest";
import { LOG_KEY, LOG_SEED, outcomes, TestChain } from "./chain.ts";
import { added, keyOf, newcomer, proofOf } from "./newcomer.ts";

const FOUR = ["a", "b", "c", "d"];
const handle = new Uint8Array(16).fill(5);
const roles = ["nurse", "ward-3"];

/** Proposed by the first, voted for by the others. */
function carry(chain: TestChain, action: Action, by: readonly string[]): void {
  const n = chain.state.size;
  const [first = "", ...others] = by;
  expect(chain.run(first, PROPOSE_KIND, proposeBody(action)), `proposal at ${n}`).toBe("accepted");
  const count = [...chain.state.keys()].filter((key) => /^proposal\/\d+$/.test(key)).length;
  for (const voter of others) expect(chain.run(voter, VOTE_KIND, voteBody(count - 1, true))).toBe("accepted");
}
const suspension = (id: string): Action => ({ type: "suspend", id: orgId(id) });
const anything = (chain: TestChain, by: Parameters<TestChain["run"]>[0]) =>
  chain.run(by, VOUCH_KIND, vouchBody(native.random(16), roles));

describe("an organisation's keys", () => {
  it("are rotated by itself: the new one signs from the next command on, the old one no more", () => {
    const chain = new TestChain(FOUR);
    const old = founderSigner(native, "a");
    const fresh = keyOf("fresh");
    const rotate = chain.sign(
      "a",
      ROTATE_KEYS_KIND,
      rotateKeysBody({ added: [added("a", fresh)], retired: [old.keyId] }),
    );
    const withOld = chain.sign("a", VOUCH_KIND, vouchBody(handle, roles));
    const withNew = chain.sign(fresh, VOUCH_KIND, vouchBody(handle, roles));
    expect(outcomes(chain.block(rotate, withOld, withNew))).toEqual(["accepted", "ledger/key-retired", "accepted"]);
    expect(readOrganisation(chain.state, "a")?.keys).toEqual([fresh.keyId]);
  });

  it("never come down to none, up to more than sixteen, or from another's hands", () => {
    const chain = new TestChain(FOUR);
    const rotate = (rotation: Parameters<typeof rotateKeysBody>[0]) =>
      chain.run("a", ROTATE_KEYS_KIND, rotateKeysBody(rotation));
    const own = founderSigner(native, "a").keyId;
    expect(rotate({ added: [], retired: [own] })).toBe("registry/last-key");
    expect(rotate({ added: [], retired: [] })).toBe("registry/malformed");
    expect(rotate({ added: [], retired: [founderSigner(native, "b").keyId] })).toBe("registry/unknown-key");
    expect(rotate({ added: [added("a", keyOf("x"))], retired: [own, own] })).toBe("registry/unknown-key");
    expect(rotate({ added: [added("a", founderSigner(native, "b"))], retired: [] })).toBe("registry/known-key");
    expect(rotate({ added: [added("b", keyOf("x"))], retired: [] })).toBe("registry/no-proof");
    expect(rotate({ added: [added("a", keyOf("x")), added("a", keyOf("x"))], retired: [] })).toBe("registry/malformed");
    const many = Array.from({ length: 16 }, (_, i) => added("a", keyOf(`many ${i}`)));
    expect(rotate({ added: many, retired: [] })).toBe("registry/too-many");
    expect(rotate({ added: many, retired: [own] })).toBe("accepted");
  });

  it("are not taken again once retired", () => {
    const chain = new TestChain(FOUR);
    const old = founderSigner(native, "a");
    const fresh = keyOf("fresh");
    chain.run("a", ROTATE_KEYS_KIND, rotateKeysBody({ added: [added("a", fresh)], retired: [old.keyId] }));
    const back = rotateKeysBody({ added: [added("a", old)], retired: [] });
    expect(chain.run(fresh, ROTATE_KEYS_KIND, back)).toBe("registry/known-key");
  });

  it("are replaced by vote after a compromise: what the thief holds signs nothing any more", () => {
    const chain = new TestChain(FOUR);
    const { organisation, proofs, signer } = newcomer("a", "recovered");
    carry(chain, { type: "recover", id: orgId("a"), keys: organisation, proofs }, ["b", "c"]);
    expect(anything(chain, "a")).toBe("ledger/key-retired");
    expect(anything(chain, signer)).toBe("accepted");
    const member = readMemberSet(chain.state).members.find(({ id }) => id === "a");
    expect(member?.cosigner).toEqual(organisation.cosigner);
    expect(readMemberSet(chain.state).epoch).toBe(1);
  });

  it("are not replaced by those that were lost before", () => {
    const chain = new TestChain(FOUR);
    const { organisation, proofs } = newcomer("a", "recovered");
    const recovery: Action = { type: "recover", id: orgId("a"), keys: organisation, proofs };
    carry(chain, recovery, ["b", "c"]);
    expect(chain.run("b", PROPOSE_KIND, proposeBody(recovery))).toBe("registry/known-key");
  });

  it("stay suspended when a suspended organisation is given others", () => {
    const chain = new TestChain(FOUR);
    carry(chain, suspension("a"), ["b", "c"]);
    const { organisation, proofs, signer } = newcomer("a", "recovered");
    carry(chain, { type: "recover", id: orgId("a"), keys: organisation, proofs }, ["b", "c"]);
    expect(anything(chain, signer)).toBe("ledger/key-suspended");
    carry(chain, { type: "reinstate", id: orgId("a") }, ["b", "c"]);
    expect(anything(chain, signer)).toBe("accepted");
    expect(anything(chain, "a")).toBe("ledger/key-retired");
  });
});

describe("a suspension", () => {
  it("holds from the next transaction on, also in its own block", () => {
    const chain = new TestChain(FOUR);
    chain.run("a", PROPOSE_KIND, proposeBody(suspension("d")));
    const before = chain.sign("d", VOUCH_KIND, vouchBody(handle, roles));
    const carrying = chain.sign("b", VOTE_KIND, voteBody(0, true));
    const after = chain.sign("d", VOUCH_KIND, vouchBody(handle, ["doctor"]));
    expect(outcomes(chain.block(before, carrying, after))).toEqual(["accepted", "accepted", "ledger/key-suspended"]);
  });
});

it("no signature verified beforehand outlives the suspension of its key", () => {
  const chain = new TestChain(FOUR);
  chain.run("a", PROPOSE_KIND, proposeBody(suspension("d")));
  const transactions = [
    chain.sign("b", VOTE_KIND, voteBody(0, true)),
    chain.sign("d", VOUCH_KIND, vouchBody(handle, roles)),
  ];
  const host = { ...chain.host, verified: () => true };
  const run = executeBlock(host, { sequence: chain.sequence + 1, time: chain.time, transactions });
  expect(outcomes(run)).toEqual(["accepted", "ledger/key-suspended"]);
});

describe("leaving and removal", () => {
  it("are for good: keys are retired, the id is not given again", () => {
    const chain = new TestChain(FOUR);
    expect(chain.run("a", LEAVE_KIND, leaveBody)).toBe("accepted");
    expect(anything(chain, "a")).toBe("ledger/key-retired");
    carry(chain, { type: "remove", id: orgId("b") }, ["c", "d"]);
    expect(readMemberSet(chain.state).members.map(({ id }) => id)).toEqual(["c", "d"]);
    expect(readOrganisation(chain.state, "a")?.status).toBe("left");
    expect(readOrganisation(chain.state, "b")?.status).toBe("removed");
    const { organisation, proofs } = newcomer("a");
    expect(chain.run("c", PROPOSE_KIND, proposeBody({ type: "join", organisation, proofs }))).toBe(
      "registry/known-organisation",
    );
    expect(chain.run("c", PROPOSE_KIND, proposeBody({ type: "reinstate", id: orgId("a") }))).toBe(
      "registry/wrong-status",
    );
  });

  it("are not for the last one", () => {
    const chain = new TestChain(["a", "b"]);
    expect(chain.run("a", LEAVE_KIND, leaveBody)).toBe("accepted");
    expect(chain.run("b", LEAVE_KIND, leaveBody)).toBe("registry/last-member");
    expect(chain.run("b", LEAVE_KIND, [1])).toBe("registry/malformed");
  });
});

describe("the cosigner key", () => {
  it("is rotated by its organisation, and raises the epoch", () => {
    const chain = new TestChain(FOUR);
    const fresh = keyOf("cosigner");
    const body = rotateCosignerBody(fresh.publicKey, proofOf("a", "cosign", fresh));
    expect(chain.run("a", ROTATE_COSIGNER_KIND, body)).toBe("accepted");
    expect(readMemberSet(chain.state).members[0]).toEqual({ id: "a", cosigner: fresh.publicKey });
    expect(readMemberSet(chain.state).epoch).toBe(1);
    expect(chain.run("a", ROTATE_COSIGNER_KIND, body)).toBe("registry/no-change");
    expect(chain.run("b", ROTATE_COSIGNER_KIND, body)).toBe("registry/no-proof");
    const stolen = rotateCosignerBody(fresh.publicKey, proofOf("b", "cosign", fresh));
    expect(chain.run("b", ROTATE_COSIGNER_KIND, stolen)).toBe("registry/known-key");
  });

  it("is never the log's key", () => {
    const chain = new TestChain(FOUR);
    const { organisation, proofs } = newcomer("e");
    const action: Action = { type: "join", organisation: { ...organisation, cosigner: LOG_KEY }, proofs };
    expect(chain.run("a", PROPOSE_KIND, proposeBody(action))).toBe("registry/no-proof");
    // Not even when the log's own key has signed for it.
    const log = signerFromSeed(native, "INTL-1", LOG_SEED);
    const body = rotateCosignerBody(LOG_KEY, proofOf("a", "cosign", log));
    expect(chain.run("a", ROTATE_COSIGNER_KIND, body)).toBe("registry/known-key");
  });
});

describe("a key of a suite that nobody knows", () => {
  it("is refused, and is no fault of the ledger", () => {
    const chain = new TestChain(FOUR);
    const key = { ...added("a", keyOf("fresh")), suite: "XX-9" };
    expect(chain.run("a", ROTATE_KEYS_KIND, rotateKeysBody({ added: [key], retired: [] }))).toBe("registry/malformed");
  });
});

describe("persons", () => {
  it("are vouched for with roles, changed and withdrawn by their own organisation alone", () => {
    const chain = new TestChain(FOUR);
    expect(chain.run("a", VOUCH_KIND, vouchBody(handle, roles))).toBe("accepted");
    expect(readPerson(chain.state, "a", handle)).toEqual({ roles, since: chain.time });
    expect(readPerson(chain.state, "b", handle)).toBeUndefined();
    expect(chain.run("a", VOUCH_KIND, vouchBody(handle, roles))).toBe("registry/no-change");
    expect(chain.run("b", WITHDRAW_KIND, withdrawBody(handle))).toBe("registry/unknown-person");
    chain.time += 5;
    expect(chain.run("a", VOUCH_KIND, vouchBody(handle, ["doctor"]))).toBe("accepted");
    expect(readPerson(chain.state, "a", handle)).toEqual({ roles: ["doctor"], since: chain.time });
    expect(chain.run("a", WITHDRAW_KIND, withdrawBody(handle))).toBe("accepted");
    expect(readPerson(chain.state, "a", handle)?.roles).toEqual([]);
    expect(chain.run("a", WITHDRAW_KIND, withdrawBody(handle))).toBe("registry/unknown-person");
    expect(chain.run("a", VOUCH_KIND, vouchBody(handle, roles))).toBe("accepted");
  });

  const faults: readonly [string, Parameters<TestChain["run"]>[2]][] = [
    ["a handle of another length", [new Uint8Array(15), roles]],
    ["no roles", [handle, []]],
    ["roles out of order", [handle, ["z", "a"]]],
    ["a role twice", [handle, ["a", "a"]]],
    ["a role with a name in it", [handle, ["Dr Who"]]],
    ["too many roles", [handle, Array.from({ length: 17 }, (_, i) => `r${String(i).padStart(2, "0")}`)]],
  ];
  it.each(faults)("are refused with %s", (_what, body) => {
    expect(new TestChain(FOUR).run("a", VOUCH_KIND, body)).toBe("registry/malformed");
  });
});
