import {
  type Action,
  PROPOSE_KIND,
  proposeBody,
  readMemberSet,
  readOrganisation,
  readOrganisationIds,
  readPolicy,
  readProposal,
  VOTE_KIND,
  voteBody,
} from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { outcomes, TestChain } from "./chain.ts";
import { keyOf, newcomer, proofOf } from "./newcomer.ts";

const FOUR = ["a", "b", "c", "d"];
const suspend = (id: string): Action => ({ type: "suspend", id: orgId(id) });
const reinstate = (id: string): Action => ({ type: "reinstate", id: orgId(id) });
const join = (id: string): Action => {
  const { organisation, proofs } = newcomer(id);
  return { type: "join", organisation, proofs };
};
const propose = (chain: TestChain, by: string, action: Action) => chain.run(by, PROPOSE_KIND, proposeBody(action));
const vote = (chain: TestChain, by: string, n: number, yes = true) => chain.run(by, VOTE_KIND, voteBody(n, yes));
const members = (chain: TestChain) => readMemberSet(chain.state).members.map(({ id }) => id);
const status = (chain: TestChain, n: number) => readProposal(chain.state, n)?.status;

describe("the founding state", () => {
  it("has every founder in the set, in the list and with a key, and the policy", () => {
    const chain = new TestChain(["d", "a", "c"], { proposalMs: 3_600_000 });
    expect(members(chain)).toEqual(["a", "c", "d"]);
    expect(readMemberSet(chain.state).epoch).toBe(0);
    expect(readOrganisationIds(chain.state)).toEqual(["d", "a", "c"]);
    expect(readOrganisation(chain.state, "a")).toMatchObject({ name: "a", status: "active", proposals: [] });
    expect(readPolicy(chain.state).proposalMs).toBe(3_600_000);
  });
});

describe("a proposal", () => {
  it("is carried at the vote that passes the share, and executed there and then", () => {
    const chain = new TestChain(FOUR);
    expect(propose(chain, "a", join("e"))).toBe("accepted");
    expect(vote(chain, "b", 0)).toBe("accepted");
    expect(members(chain)).toEqual(FOUR);
    expect(vote(chain, "c", 0)).toBe("accepted");
    expect(status(chain, 0)).toBe("carried");
    expect(members(chain)).toEqual([...FOUR, "e"]);
    expect(readMemberSet(chain.state).epoch).toBe(1);
    expect(chain.run(newcomer("e").signer, PROPOSE_KIND, proposeBody(suspend("a")))).toBe("accepted");
    expect(vote(chain, "d", 0)).toBe("registry/proposal-closed");
  });

  it("leaves out the one that it is about, in the count and in the share", () => {
    const chain = new TestChain(FOUR);
    expect(propose(chain, "a", suspend("d"))).toBe("accepted");
    expect(vote(chain, "d", 0, false)).toBe("registry/concerned");
    expect(vote(chain, "b", 0)).toBe("accepted");
    expect(status(chain, 0)).toBe("carried");
    expect(members(chain)).toEqual(["a", "b", "c"]);
  });

  it("gives the one concerned no vote when it proposes itself", () => {
    const chain = new TestChain(["a", "b", "c"]);
    expect(propose(chain, "c", suspend("c"))).toBe("accepted");
    expect(readProposal(chain.state, 0)?.votes).toEqual([]);
    vote(chain, "a", 0);
    expect(status(chain, 0)).toBe("open");
    vote(chain, "b", 0);
    expect(status(chain, 0)).toBe("carried");
  });

  it("needs more than the share: half of four is not enough, and rules need two thirds", () => {
    const chain = new TestChain(["a", "b", "c", "d", "e", "f"]);
    propose(chain, "a", join("g"));
    for (const by of ["b", "c"]) vote(chain, by, 0);
    expect(status(chain, 0)).toBe("open");
    const policy = { ...readPolicy(chain.state), proposalMs: 7_200_000 };
    propose(chain, "a", { type: "policy", policy });
    for (const by of ["b", "c", "d"]) vote(chain, by, 1);
    expect(status(chain, 1)).toBe("open");
    vote(chain, "e", 1);
    expect(status(chain, 1)).toBe("carried");
    expect(readPolicy(chain.state)).toEqual(policy);
  });

  it("never passes with one yes among several organisations, but does where there is only one", () => {
    const two = new TestChain(["a", "b"]);
    propose(two, "a", suspend("b"));
    expect(status(two, 0)).toBe("open");
    propose(two, "a", join("c"));
    expect(status(two, 1)).toBe("open");
    const one = new TestChain(["a"]);
    propose(one, "a", join("c"));
    expect(status(one, 0)).toBe("carried");
    expect(members(one)).toEqual(["a", "c"]);
  });

  it("counts one vote per organisation, the newest, and refuses the same one again", () => {
    const chain = new TestChain(FOUR);
    propose(chain, "a", join("e"));
    expect(vote(chain, "a", 0)).toBe("registry/no-change");
    expect(vote(chain, "b", 0)).toBe("accepted");
    expect(vote(chain, "b", 0)).toBe("registry/no-change");
    expect(vote(chain, "a", 0, false)).toBe("accepted");
    expect(vote(chain, "c", 0)).toBe("accepted");
    expect(status(chain, 0)).toBe("open");
    expect(vote(chain, "d", 0)).toBe("accepted");
    expect(status(chain, 0)).toBe("carried");
  });

  it("expires at its time, not before", () => {
    const chain = new TestChain(FOUR, { proposalMs: 3_600_000 });
    propose(chain, "a", join("e"));
    chain.time += 3_600_000 - 1;
    expect(vote(chain, "b", 0)).toBe("accepted");
    chain.time += 1;
    expect(vote(chain, "c", 0)).toBe("registry/proposal-expired");
    expect(members(chain)).toEqual(FOUR);
  });

  it("does not count the vote of a member suspended since", () => {
    const chain = new TestChain(["a", "b", "c", "d", "e"]);
    propose(chain, "a", join("f"));
    vote(chain, "b", 0);
    propose(chain, "c", suspend("b"));
    for (const by of ["d", "e"]) vote(chain, by, 1);
    expect(status(chain, 1)).toBe("carried");
    expect(vote(chain, "c", 0)).toBe("accepted");
    expect(status(chain, 0)).toBe("open");
    expect(vote(chain, "d", 0)).toBe("accepted");
    expect(status(chain, 0)).toBe("carried");
  });

  it("is void when it is carried after it became impossible, and changes nothing", () => {
    const chain = new TestChain(FOUR);
    propose(chain, "a", join("e"));
    propose(chain, "b", join("e"));
    for (const by of ["b", "c"]) vote(chain, by, 0);
    const before = new Map(chain.state);
    for (const by of ["a", "c"]) expect(vote(chain, by, 1)).toBe("accepted");
    expect(status(chain, 1)).toBe("void");
    const changed = [...chain.state].filter(([key, value]) => before.get(key) !== value).map(([key]) => key);
    expect(changed.filter((key) => !key.startsWith("nonce/"))).toEqual(["proposal/1"]);
  });

  it("takes one of sixteen places of its proposer until it is settled or expires", () => {
    const chain = new TestChain(FOUR, { proposalMs: 3_600_000 });
    for (let i = 0; i < 16; i++) expect(propose(chain, "a", join(`x${i}`))).toBe("accepted");
    expect(propose(chain, "a", join("y"))).toBe("registry/too-many-proposals");
    expect(propose(chain, "b", join("y"))).toBe("accepted");
    for (const by of ["b", "c"]) vote(chain, by, 3);
    expect(propose(chain, "a", join("y"))).toBe("accepted");
    expect(propose(chain, "a", join("z"))).toBe("registry/too-many-proposals");
    chain.time += 3_600_000;
    expect(propose(chain, "a", join("z"))).toBe("accepted");
  });

  /** Asks for "e" with the cosigner key "l", which shows this as its proof. */
  const joinProvedWith = (cosigner: Uint8Array): Action => {
    const { organisation, proofs } = newcomer("e");
    const brought = { ...organisation, cosigner: keyOf("l").publicKey };
    return { type: "join", organisation: brought, proofs: { ...proofs, cosigner } };
  };

  const impossible: readonly [string, string, () => Action][] = [
    ["a join under a name that is taken", "registry/known-organisation", () => join("a")],
    ["to suspend nobody", "registry/unknown-organisation", () => suspend("nobody")],
    ["to reinstate who is active", "registry/wrong-status", () => reinstate("b")],
    [
      "the policy that holds",
      "registry/no-change",
      () => ({ type: "policy", policy: readPolicy(new TestChain(FOUR).state) }),
    ],
    ["a version that nobody knows", "registry/unknown-version", () => ({ type: "upgrade", version: 99 })],
    [
      "a key that did not sign for itself",
      "registry/no-proof",
      () => ({ ...join("e"), proofs: newcomer("f").proofs }) as Action,
    ],
    ["a proof for another organisation", "registry/no-proof", () => joinProvedWith(proofOf("f", "cosign", keyOf("l")))],
    ["a proof for another use", "registry/no-proof", () => joinProvedWith(proofOf("e", "sign", keyOf("l")))],
  ];

  it.each(impossible)("is refused at once when it asks for %s", (_what, code, action) => {
    const chain = new TestChain(FOUR);
    expect(propose(chain, "a", action())).toBe(code);
  });

  it("of no such number takes no votes, and no body but its own is read", () => {
    const chain = new TestChain(FOUR);
    expect(vote(chain, "a", 0)).toBe("registry/unknown-proposal");
    expect(chain.run("a", VOTE_KIND, [0, 1])).toBe("registry/malformed");
    expect(chain.run("a", VOTE_KIND, [0, true, true])).toBe("registry/malformed");
    expect(chain.run("a", PROPOSE_KIND, [["suspend"]])).toBe("registry/malformed");
    expect(chain.run("a", PROPOSE_KIND, [["suspend", "No Id"]])).toBe("registry/malformed");
    expect(chain.run("a", PROPOSE_KIND, [["abolish", "b"]])).toBe("registry/malformed");
  });
});

describe("the member set", () => {
  it("rises by one epoch with each block that changes it, however often the block does", () => {
    const chain = new TestChain(["a", "b", "c", "d", "e"]);
    propose(chain, "a", suspend("d"));
    propose(chain, "a", suspend("e"));
    const cast = (by: string, n: number) => chain.sign(by, VOTE_KIND, voteBody(n, true));
    // Once d is out, two of three are enough for e.
    const run = chain.block(cast("b", 0), cast("c", 0), cast("b", 1));
    expect(outcomes(run)).toEqual(["accepted", "accepted", "accepted"]);
    expect(members(chain)).toEqual(["a", "b", "c"]);
    expect(readMemberSet(chain.state).epoch).toBe(1);
    propose(chain, "a", reinstate("d"));
    for (const by of ["b", "c"]) vote(chain, by, 2);
    expect(members(chain)).toEqual(["a", "b", "c", "d"]);
    expect(readMemberSet(chain.state).epoch).toBe(2);
  });

  it("names the log's key of genesis for good: no proposal takes another", () => {
    const chain = new TestChain(FOUR);
    const key = keyOf("another log");
    const proof = proofOf("", "cosign", key);
    expect(chain.run("a", PROPOSE_KIND, [["log-key", key.publicKey, proof]])).toBe("registry/malformed");
    propose(chain, "a", suspend("d"));
    for (const by of ["b", "c"]) vote(chain, by, 0);
    expect(readMemberSet(chain.state)).toMatchObject({ epoch: 1, logKey: chain.genesis.logKey });
  });
});
