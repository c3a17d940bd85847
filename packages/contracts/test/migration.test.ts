/** A ledger whose state began in version 1 comes to version 2 by vote, at one block, and replays to the same state. */
import {
  type Action,
  contractOf,
  MODULES,
  type Module,
  PROPOSE_KIND,
  proposeBody,
  readStateVersion,
  VOTE_KIND,
  VOUCH_KIND,
  voteBody,
  vouchBody,
} from "@anamnesis/contracts";
import { decode, encode, orgId, toHex } from "@anamnesis/core";
import type { SignedTransaction } from "@anamnesis/ledger";
import { describe, expect, it } from "vitest";
import { outcomes, TestChain } from "./chain.ts";

const FOUNDERS = ["a", "b", "c"];

/** Writes the founding state as version 1 did: keys without status, no version. */
const versionOne: Module = {
  name: "version-one",
  commands: {},
  genesis(context, { organisations }) {
    for (const { id } of organisations) {
      const [, , keys] = decode(context.get(`org/${id}`) ?? new Uint8Array()) as [string, number, Uint8Array[]];
      for (const key of keys) {
        const path = `key/${toHex(key)}`;
        const [suite, publicKey, organisation] = decode(context.get(path) ?? new Uint8Array()) as string[];
        context.put(path, encode([suite ?? "", publicKey ?? "", organisation ?? ""]));
      }
    }
    context.delete("state-version");
  },
};
const old = () => new TestChain(FOUNDERS, {}, contractOf([...MODULES, versionOne]));
const keysOf = (chain: TestChain) =>
  [...chain.state].filter(([path]) => path.startsWith("key/")).map(([, value]) => decode(value));

function commands(chain: TestChain): SignedTransaction[] {
  const handle = new Uint8Array(16);
  return [
    chain.sign("a", VOUCH_KIND, vouchBody(handle, ["nurse"])),
    chain.sign("a", PROPOSE_KIND, proposeBody({ type: "upgrade", version: 2 })),
    chain.sign("b", VOTE_KIND, voteBody(0, true)),
    chain.sign("c", VOTE_KIND, voteBody(0, true)),
    chain.sign("c", VOUCH_KIND, vouchBody(handle, ["doctor"])),
  ];
}

describe("a state of version 1", () => {
  it("is read and written on, and rewritten by the vote that carries the upgrade", () => {
    const chain = old();
    expect(readStateVersion(chain.state)).toBe(1);
    expect(keysOf(chain).every((key) => Array.isArray(key) && key.length === 3)).toBe(true);
    const transactions = commands(chain);
    expect(outcomes(chain.block(...transactions.slice(0, 3)))).toEqual(["accepted", "accepted", "accepted"]);
    expect(readStateVersion(chain.state)).toBe(1);
    expect(outcomes(chain.block(...transactions.slice(3)))).toEqual(["accepted", "accepted"]);
    expect(readStateVersion(chain.state)).toBe(2);
    const founded = new TestChain(FOUNDERS);
    expect(keysOf(chain)).toEqual(keysOf(founded));
    expect(chain.run("a", PROPOSE_KIND, proposeBody({ type: "upgrade", version: 2 }))).toBe("registry/no-change");
    expect(chain.run("a", PROPOSE_KIND, proposeBody({ type: "upgrade", version: 4 }))).toBe("registry/unknown-version");
  });

  it("keeps who is suspended out, before and behind the upgrade", () => {
    const chain = old();
    const propose = (action: Action) => chain.run("a", PROPOSE_KIND, proposeBody(action));
    const works = () => chain.run("c", VOUCH_KIND, vouchBody(new Uint8Array(16), ["nurse"]));
    expect(propose({ type: "suspend", id: orgId("c") })).toBe("accepted");
    expect(chain.run("b", VOTE_KIND, voteBody(0, true))).toBe("accepted");
    expect(works()).toBe("ledger/key-suspended");
    expect(propose({ type: "upgrade", version: 2 })).toBe("accepted");
    expect(chain.run("b", VOTE_KIND, voteBody(1, true))).toBe("accepted");
    expect([readStateVersion(chain.state), works()]).toEqual([2, "ledger/key-suspended"]);
  });

  it("replays to the same state, whatever the blocks are", () => {
    const [one, each] = [old(), old()];
    const transactions = commands(one);
    one.block(...transactions);
    for (const transaction of transactions) executedAlone(each, transaction);
    const comparable = (chain: TestChain) => [...chain.state].filter(([key]) => key !== "member-set-block").toSorted();
    expect(comparable(each)).toEqual(comparable(one));
  });
});

function executedAlone(chain: TestChain, transaction: SignedTransaction): void {
  expect(outcomes(chain.block(transaction))).toEqual(["accepted"]);
}
