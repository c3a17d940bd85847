/** More of them, planted by somebody who tried to get past the tests. */
import { CONTRACTS, EMBEDDED, LEDGER, type Planted } from "./bug.ts";

export const SABOTAGE: readonly Planted[] = [
  {
    name: "a suspension holds from the next block on only",
    file: `${LEDGER}/execute.ts`,
    from: "const record = this.get(memberKeyPath(id));",
    to: "const record = this.#host.state.get(memberKeyPath(id)) ?? this.get(memberKeyPath(id));",
  },
  {
    name: "nonces are those of the block before",
    file: `${LEDGER}/execute.ts`,
    from: "const last = this.get(noncePath(firstKey(tx)));",
    to: "const last = this.#host.state.get(noncePath(firstKey(tx)));",
  },
  {
    name: "who signed last acts",
    file: `${LEDGER}/execute.ts`,
    from: "organisations.push(organisation)",
    to: "organisations.unshift(organisation)",
  },
  {
    name: "a refused transaction uses its nonce",
    file: `${LEDGER}/execute.ts`,
    from: "const isRefusal = tx.transaction.kind",
    to: "this.changes.set(noncePath(firstKey(tx)), encode(tx.transaction.nonce));\n    const isRefusal = tx.transaction.kind",
  },
  {
    name: "two thirds seal",
    file: `${LEDGER}/member-set.ts`,
    from: "Math.floor((2 * members) / 3) + 1",
    to: "Math.ceil((2 * members) / 3)",
  },
  {
    name: "who is suspended cosigns on",
    file: `${CONTRACTS}/incentive/module.ts`,
    from: 'if (member === undefined) return refuse("incentive/bad-cosignature"',
    to: 'if (member === undefined && context.get(["org", cosignature.id].join("/")) !== undefined) continue;\n    if (member === undefined) return refuse("incentive/bad-cosignature"',
  },
  {
    name: "of equals the last in the alphabet seals first",
    file: `${CONTRACTS}/incentive/rule.ts`,
    from: "(a.id < b.id ? -1 : 1)",
    to: "(a.id > b.id ? -1 : 1)",
  },
  {
    name: "an hour of work brings one event more",
    file: `${CONTRACTS}/incentive/rule.ts`,
    from: "Math.min(RULE.workPerEpoch,",
    to: "Math.min(RULE.workPerEpoch + RULE.event,",
  },
  {
    name: "rules are voted on by themselves",
    file: `${CONTRACTS}/registry/voting.ts`,
    from: "readMemberSet(context), readPolicy(context));\n  const change",
    to: 'readMemberSet(context), action.type === "policy" ? action.policy : readPolicy(context));\n  const change',
  },
  {
    name: "only those who voted are counted",
    file: `${CONTRACTS}/registry/tally.ts`,
    from: "passes(shareOf(action, policy), yes, voters.size)",
    to: "passes(shareOf(action, policy), yes, counted.length)",
  },
  {
    name: "what is void stays open",
    file: `${CONTRACTS}/registry/voting.ts`,
    from: '"code" in change ? "void"',
    to: '"code" in change ? "open"',
  },
  {
    name: "who is taken in again has no key",
    file: `${CONTRACTS}/registry/membership.ts`,
    from: 'for (const key of organisation.keys) setKeyStatus(context, key, "active");',
    to: "",
  },
  {
    name: "a stretch of a source is told twice",
    file: `${CONTRACTS}/events/module.ts`,
    from: "if (order < 0) return refuse",
    to: "if (order < -1e12) return refuse",
  },
  {
    name: "a batch costs as much as one event",
    file: `${CONTRACTS}/events/module.ts`,
    from: "spend(context, organisation, header.count)",
    to: "spend(context, organisation, 1)",
  },
  {
    name: "a block counts before it is kept",
    file: `${EMBEDDED}/producer.ts`,
    from: "    this.#store.append(write);\n    this.#maker.adopt(closed);",
    to: "    this.#maker.adopt(closed);\n    this.#store.append(write);",
  },
];
