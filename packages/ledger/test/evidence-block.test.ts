/** Blocks that break the rules: every fault convicts, and no honest block does, whatever an accuser leaves out. */
import { decode, encode } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { founded } from "../conformance/founding.ts";
import {
  blockLeaf,
  type Contract,
  checkEvidence,
  commandLeaf,
  genesisLeaf,
  leafHashes,
  MEMBER_SET,
  makeBadBlock,
  type SuspectBlock,
} from "../src/index.ts";
import { chain, contract, genesis, World } from "./consortium.ts";
import { codeThrown, naiveReader, p } from "./support.ts";
import { accuser, BAD, BLOCK_MS, check, code, fixture, NOTHING, noteOf, script, world } from "./trial.ts";

describe("bad-block", () => {
  /** A block as a follower has it that stands behind `done` honest ones; `later` leaves follow it in the log. */
  function suspect(done: number, leaves: readonly Uint8Array[], later: readonly Uint8Array[] = []): SuspectBlock {
    const honest = world(done);
    const all = [...honest.leaves, ...leaves, ...later];
    const index = honest.size - 1;
    const previous = { leaf: honest.leaves[index] ?? NOTHING, index };
    const { state, nodes } = honest;
    return { note: noteOf(all), size: all.length, previous, leaves, tree: naiveReader(all), state, nodes };
  }
  const honestBlock = (done: number) => world(done + 1).leaves.slice(world(done).size);
  const make = (done: number, leaves: readonly Uint8Array[], later: readonly Uint8Array[] = []) =>
    makeBadBlock(accuser, contract, suspect(done, leaves, later));
  const faultOf = (file: Uint8Array) => {
    const { finding } = check(file);
    return finding.kind === "bad-block" ? finding.fault : finding.kind;
  };

  const at = (done: number) => ({ sequence: done + 1, time: genesis.time + (done + 1) * BLOCK_MS });
  const good = honestBlock(2);
  const closing = good.length - 1;
  const rootOf = (done: number) => world(done).root;
  const command = (tx = script[2]?.[0]) => (tx === undefined ? NOTHING : commandLeaf(tx.bytes, tx.signatures));
  const stranger = fixture.command("test.put", "x", { signers: [fixture.stranger] });
  const forged = script[2]?.[0]?.signatures.map((s) => ({
    ...s,
    signature: s.signature.map((b, i) => b ^ +(i === 9)),
  }));
  const block = (change: Partial<{ sequence: number; time: number; root: Uint8Array }>) => {
    const { sequence, time } = { ...at(2), ...change };
    return good.with(closing, blockLeaf(sequence, time, change.root ?? rootOf(3)));
  };
  const changed = world(2);
  changed.block([fixture.command("test.put", MEMBER_SET)], at(2).time);
  const change = changed.leaves.slice(world(2).size);
  const backwards = world(2).timeMs - 1;

  it.each([
    ["another state than its commands give", block({ root: rootOf(2) }), "other-state"],
    ["a number left out", block({ sequence: 7 }), "wrong-number"],
    ["a number twice", block({ sequence: 2 }), "wrong-number"],
    ["time that runs backwards", block({ time: backwards }), "time-backwards"],
    ["a command that was in the log before", [command(script[1]?.[0]), ...good.slice(1)], "refused-command"],
    [
      "a command by a stranger",
      [commandLeaf(stranger.bytes, stranger.signatures), ...good.slice(1)],
      "refused-command",
    ],
    [
      "a forged signature",
      [commandLeaf(script[2]?.[0]?.bytes ?? NOTHING, forged ?? []), ...good.slice(1)],
      "refused-command",
    ],
    [
      "an event that its command does not give",
      [...change.slice(0, 1), ...fixture.events(1, 3), ...change.slice(1)],
      "other-leaves",
    ],
    ["no commands", good.slice(closing), "nothing-changed"],
    ["a leaf that cannot be read", [Uint8Array.of(1, 2, 3), ...good], "unreadable"],
    ["a command that cannot be read", [encode([1, Uint8Array.of(1), []]), ...good], "unreadable"],
    ["an event before any command", [...fixture.events(1, 3), ...good], "unreadable"],
    ["a second founding document", [genesisLeaf(Uint8Array.of(1)), ...good], "unreadable"],
    ["no end", good.slice(0, -1), "unfinished"],
  ] as const)("convicts a block with %s", (_, leaves, fault) => {
    const file = make(2, leaves);
    expect(faultOf(file)).toBe(fault);
    expect(check(file).finding).toMatchObject({ from: world(2).size, to: world(2).size + leaves.length });
  });

  it("convicts with a checkpoint made long after the block", () => {
    const later = fixture.events(300, 1);
    expect(faultOf(make(2, block({ root: rootOf(2) }), later))).toBe("other-state");
  });

  it.each([0, 1, 2, 3, 4, 5])("has nothing against honest block %s", (done) => {
    expect(codeThrown(() => make(done, honestBlock(done)))).toBe(BAD);
  });

  it("carries only a part of the state", () => {
    const [, , , , content] = decode(make(2, block({ root: rootOf(2) }))) as [0, 0, 0, 0, unknown[]];
    const nodes = content[4] as unknown[];
    const values = content[5] as unknown[];
    expect(nodes.length).toBeGreaterThan(2);
    expect(nodes.length).toBeLessThan(world(2).nodes.size / 2);
    expect(values.length).toBe(2);
  });

  /** What an accuser may try with an honest block: every part of the file is his to change. */
  const accusedFile = (() => {
    const leaves = honestBlock(1);
    const lying = make(1, leaves.with(-1, blockLeaf(2, at(1).time, rootOf(1))));
    const [tag, kind, document, links, content] = decode(lying) as [string, string, Uint8Array, [], Content];
    const honest = suspect(1, leaves);
    content[0] = honest.note;
    content[2] = [honest.previous?.leaf ?? NOTHING, ...leaves];
    return encode([tag, kind, document, links, content]);
  })();
  const accused = (change: (content: Content) => void) => {
    const [tag, kind, document, links, content] = decode(accusedFile) as [string, string, Uint8Array, [], Content];
    change(content);
    return encode([tag, kind, document, links, content]);
  };
  type Content = [string, number, Uint8Array[], Uint8Array, Uint8Array[], Uint8Array[]];

  it("acquits an honest block with any part of the state left out or exchanged", () => {
    expect(code(() => accused(() => undefined))).toBe(BAD);
    const nodes = decode(accused(() => undefined)) as [0, 0, 0, 0, Content];
    for (let i = 0; i < nodes[4][4].length; i++) {
      expect(code(() => accused((c) => void c[4].splice(i, 1)))).toBe(BAD);
      expect(code(() => accused((c) => void (c[4][i] = (c[4][i] ?? NOTHING).map((b, k) => b ^ +(k === 40)))))).toBe(
        BAD,
      );
    }
    for (let i = 0; i < nodes[4][5].length; i++) {
      expect(code(() => accused((c) => void c[5].splice(i, 1)))).toBe(BAD);
      expect(code(() => accused((c) => void (c[5][i] = Uint8Array.of(9))))).toBe(BAD);
    }
  });

  it("acquits also when a contract takes a missing part of the state for a reason to refuse", () => {
    const timid: Contract = {
      ...contract,
      handle(context, tx) {
        try {
          context.get("test/row-9");
        } catch {
          return { code: "test/no-row", message: "there is no such row" };
        }
        return contract.handle(context, tx);
      },
    };
    expect(
      codeThrown(() =>
        checkEvidence(
          p,
          timid,
          accused(() => undefined),
        ),
      ),
    ).toBe(BAD);
  });

  it("acquits when the leaves are not the log's, or not one whole block", () => {
    expect(code(() => accused((c) => void (c[2] = c[2].with(1, command()))))).toBe(BAD);
    expect(code(() => accused((c) => void (c[1] -= 1)))).toBe(BAD);
    expect(code(() => accused((c) => void (c[2] = c[2].slice(1))))).toBe(BAD);
    expect(code(() => accused((c) => void (c[3] = c[3].slice(32))))).toBe(BAD);
    const two = [...honestBlock(1), ...honestBlock(2)];
    expect(codeThrown(() => check(make(1, two)))).toBe(BAD);
  });

  it("acquits the log when the file brings another founding document with the same log key", () => {
    const other = founded(p, { chain, organisations: ["liar"], logKey: genesis.logKey });
    const leaves = world(0).leaves;
    const { state, nodes } = { state: { get: () => undefined }, nodes: new World().nodes };
    const tree = naiveReader(leaves);
    const block = { note: noteOf(leaves), size: leaves.length, previous: undefined, leaves, tree, state, nodes };
    expect(code(() => makeBadBlock({ ...accuser, genesis: other }, contract, block))).toBe(BAD);
  });

  it("convicts a founding block that does not follow from its own document", () => {
    const [document] = world(0).leaves;
    const leaves = [document ?? NOTHING, blockLeaf(0, genesis.time, new Uint8Array(32).fill(5))];
    const { nodes } = new World();
    const tree = naiveReader(leaves);
    const state = { get: () => undefined };
    const block = { note: noteOf(leaves), size: leaves.length, previous: undefined, leaves, tree, state, nodes };
    expect(faultOf(makeBadBlock(accuser, contract, block))).toBe("other-state");
  });

  it("is not kept busy by a tree that names one node in many places", () => {
    const levels: Uint8Array[] = [];
    let hash: Uint8Array = new Uint8Array(32).fill(1);
    for (let i = 0; i < 200; i++) {
      const node = Uint8Array.from([1, ...hash, ...hash]);
      levels.push(node);
      hash = p.sha256(node);
    }
    const before = blockLeaf(1, at(0).time, hash);
    const leaves = [before, ...honestBlock(1)];
    const content = [noteOf(leaves), 0, leaves, NOTHING, levels, []];
    const file = encode(["anamnesis/evidence/v1", "bad-block", genesisDocument(), [], content]);
    expect(code(() => file)).toBe(BAD);
    const shifted = [NOTHING, ...leaves];
    const path = leafHashes(p, [NOTHING]);
    const second = [noteOf(shifted), 1, leaves, path, levels, []];
    expect(code(() => encode(["anamnesis/evidence/v1", "bad-block", genesisDocument(), [], second]))).toBe(BAD);
  });
});

const genesisDocument = () => (decode(world(0).leaves[0] ?? NOTHING) as [3, Uint8Array])[1];
