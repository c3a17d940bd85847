/** How many organisations a ledger can have, at the last one and behind it. The state is written as if they were all there. */
import { PROPOSE_KIND, proposeBody } from "@anamnesis/contracts";
import { encode, orgId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { decodeMemberSet, encodeMemberSet, MEMBER_SET, MEMBERS_MAX, type SealingMember } from "@anamnesis/ledger";
import { describe, expect, it } from "vitest";
import { TestChain } from "./chain.ts";
import { newcomer } from "./newcomer.ts";

const ORGANISATIONS_MAX = 4096;

function proposedJoin(chain: TestChain): string {
  const { organisation, proofs } = newcomer("new");
  return chain.run("a", PROPOSE_KIND, proposeBody({ type: "join", organisation, proofs }));
}

function withMembers(count: number): TestChain {
  const chain = new TestChain(["a"]);
  const set = decodeMemberSet(chain.state.get(MEMBER_SET) ?? new Uint8Array());
  const others = Array.from({ length: count - 1 }, (_, i): SealingMember => {
    const id = orgId(`b${String(i).padStart(4, "0")}`);
    return { id, cosigner: native.sha256(encode(id)) };
  });
  chain.state.set(MEMBER_SET, encodeMemberSet({ ...set, members: [...set.members, ...others] }));
  return chain;
}

/** Most of them left long ago. */
function withOrganisations(count: number): TestChain {
  const chain = new TestChain(["a", "b"]);
  for (let i = 2; i < count; i++) chain.state.set(`organisation/${i}`, encode(`gone-${i}`));
  chain.state.set("organisation-count", encode(count));
  return chain;
}

describe("a ledger", () => {
  it("has a thousand active members, and not one more", () => {
    expect(MEMBERS_MAX).toBe(1000);
    expect(proposedJoin(withMembers(MEMBERS_MAX - 1))).toBe("accepted");
    expect(proposedJoin(withMembers(MEMBERS_MAX))).toBe("registry/too-many");
  });

  it("has had 4096 organisations, and not one more", () => {
    expect(proposedJoin(withOrganisations(ORGANISATIONS_MAX - 1))).toBe("accepted");
    expect(proposedJoin(withOrganisations(ORGANISATIONS_MAX))).toBe("registry/too-many");
  });
});
