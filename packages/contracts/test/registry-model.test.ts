/** Any commands in any order against a model of the votes that knows nothing of keys, encodings or the state. */
import {
  type Action,
  LEAVE_KIND,
  leaveBody,
  PROPOSE_KIND,
  proposeBody,
  readMemberSet,
  readOrganisation,
  readProposal,
  VOTE_KIND,
  voteBody,
} from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { founderSigner } from "@anamnesis/ledger/conformance/founding";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestChain } from "./chain.ts";
import { newcomer } from "./newcomer.ts";

const FOUNDERS = ["a", "b", "c", "d", "e"];
const GUESTS = ["x", "y", "z"];
const ALL = [...FOUNDERS, ...GUESTS];
const LIFE_MS = 3_600_000;
const OPEN_MAX = 16;

type Status = "active" | "suspended" | "gone";
type Deed = "join" | "suspend" | "reinstate" | "remove";

interface Motion {
  readonly by: string;
  readonly deed: Deed;
  readonly about: string;
  readonly until: number;
  open: boolean;
  readonly yes: Set<string>;
  readonly no: Set<string>;
}

class Model {
  readonly status = new Map<string, Status>(FOUNDERS.map((id) => [id, "active"]));
  readonly motions: Motion[] = [];
  now = 0;

  propose(by: string, deed: Deed, about: string): boolean {
    if (this.status.get(by) !== "active" || !this.#possible(deed, about)) return false;
    const own = this.motions.filter((each) => each.by === by && each.open && this.now < each.until);
    if (own.length >= OPEN_MAX) return false;
    const yes = new Set(by === about ? [] : [by]);
    const motion: Motion = { by, deed, about, until: this.now + LIFE_MS, open: true, yes, no: new Set() };
    this.motions.push(motion);
    this.#count(motion);
    return true;
  }

  vote(by: string, n: number, yes: boolean): boolean {
    const motion = this.motions[n];
    if (this.status.get(by) !== "active" || motion === undefined || !motion.open) return false;
    if (this.now >= motion.until || motion.about === by) return false;
    const [to, from] = yes ? [motion.yes, motion.no] : [motion.no, motion.yes];
    if (to.has(by)) return false;
    from.delete(by);
    to.add(by);
    this.#count(motion);
    return true;
  }

  leave(by: string): boolean {
    if (this.status.get(by) !== "active" || this.active().length === 1) return false;
    this.status.set(by, "gone");
    return true;
  }

  active = () => ALL.filter((id) => this.status.get(id) === "active");

  #possible(deed: Deed, about: string): boolean {
    const status = this.status.get(about);
    const last = this.active().length === 1 && status === "active";
    if (deed === "join") return status === undefined;
    if (deed === "reinstate") return status === "suspended";
    if (deed === "suspend") return status === "active" && !last;
    return (status === "active" || status === "suspended") && !last;
  }

  #count(motion: Motion): void {
    const voters = this.active().filter((id) => id !== motion.about);
    const yes = voters.filter((id) => motion.yes.has(id)).length;
    const alone = this.active().length === 1;
    if (yes * 2 <= voters.length || (yes < 2 && !alone)) return;
    motion.open = false;
    if (!this.#possible(motion.deed, motion.about)) return;
    const after: Record<Deed, Status> = { join: "active", reinstate: "active", suspend: "suspended", remove: "gone" };
    this.status.set(motion.about, after[motion.deed]);
  }
}

const who = fc.constantFrom(...ALL);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("propose" as const),
      by: who,
      about: who,
      deed: fc.constantFrom<Deed>("join", "suspend", "suspend", "reinstate", "remove"),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("vote" as const),
      by: who,
      back: fc.nat(3),
      yes: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: LIFE_MS / 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), by: fc.constantFrom("a", "x", "y") }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const signerOf = (id: string) => (FOUNDERS.includes(id) ? founderSigner(native, id) : newcomer(id).signer);

function actionOf(deed: Deed, about: string): Action {
  if (deed !== "join") return { type: deed, id: orgId(about) };
  const { organisation, proofs } = newcomer(about);
  return { type: deed, organisation, proofs };
}

function take(chain: TestChain, model: Model, each: Step): readonly [real: boolean, expected: boolean] {
  const run = (by: string, kind: string, body: Parameters<TestChain["run"]>[2]) =>
    chain.run(signerOf(by), kind, body) === "accepted";
  switch (each.do) {
    case "propose": {
      const body = proposeBody(actionOf(each.deed, each.about));
      return [run(each.by, PROPOSE_KIND, body), model.propose(each.by, each.deed, each.about)];
    }
    case "vote": {
      const n = Math.max(0, model.motions.length - 1 - each.back);
      return [run(each.by, VOTE_KIND, voteBody(n, each.yes)), model.vote(each.by, n, each.yes)];
    }
    case "leave":
      return [run(each.by, LEAVE_KIND, leaveBody), model.leave(each.by)];
    case "wait":
      chain.time += each.ms;
      model.now += each.ms;
      return [true, true];
  }
}

describe("property: the registry and a plain model of its votes", () => {
  it("agree on each acceptance, on who is a member, and on what is open", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const chain = new TestChain(FOUNDERS, { proposalMs: LIFE_MS });
        const model = new Model();
        for (const each of steps) {
          const [real, expected] = take(chain, model, each);
          expect(real, JSON.stringify(each)).toBe(expected);
          expect(readMemberSet(chain.state).members.map(({ id }) => id)).toEqual(model.active());
        }
        for (const id of ALL) {
          const found = readOrganisation(chain.state, id)?.status;
          expect(found === "left" || found === "removed" ? "gone" : found).toBe(model.status.get(id));
        }
        for (const [n, motion] of model.motions.entries()) {
          expect(readProposal(chain.state, n)?.status === "open").toBe(motion.open);
        }
      }),
      { numRuns: 60 },
    );
  });
});
