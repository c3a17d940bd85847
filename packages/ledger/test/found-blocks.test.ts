import { codeOf } from "@anamnesis/core";
import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import { describe, expect, it } from "vitest";
import { blockLeaf, commandLeaf, type FoundBlock, foundBlocks, genesisLeaf } from "../src/index.ts";
import { World } from "./consortium.ts";
import { p } from "./support.ts";

const fixture = new Fixture(p);
const MIB = 1024 * 1024;

async function* entries(leaves: readonly Uint8Array[], from = 0) {
  for (const [i, leaf] of leaves.entries()) yield { index: from + i, leaf };
}

async function gathered(leaves: readonly Uint8Array[], from = 0): Promise<FoundBlock[]> {
  const blocks: FoundBlock[] = [];
  for await (const block of foundBlocks(p, entries(leaves, from))) blocks.push(block);
  return blocks;
}

const refusal = (leaves: readonly Uint8Array[], from = 0) => gathered(leaves, from).then(() => "no error", codeOf);

describe("blocks of a log", () => {
  const { bytes, signatures, attachments } = fixture.command("test.emit", "a", { events: 3 });
  const command = commandLeaf(bytes, signatures);
  const end = blockLeaf(1, 1000, new Uint8Array(32));
  const [event = command] = attachments;

  it("are gathered from what an honest log holds, in order", async () => {
    const world = new World();
    world.block([fixture.command("test.emit", "a", { events: 3 }), fixture.command("test.put", "b")]);
    world.put("c");
    const blocks = await gathered(world.leaves);
    expect(blocks.flatMap((each) => each.leaves)).toEqual(world.leaves);
    expect(blocks.map(({ sequence, commands }) => [sequence, commands.length])).toEqual([
      [0, 0],
      [1, 2],
      [2, 1],
    ]);
    expect(blocks[1]?.commands.map((each) => each.transaction.attachments.length)).toEqual([3, 0]);
  });

  it("hold no event that no command covers", async () => {
    expect(await refusal([event, end])).toBe("ledger/malformed");
    expect(await refusal([command, ...attachments, end, event])).toBe("ledger/malformed");
  });

  it("hold the founding document in the first place of the log only", async () => {
    const document = genesisLeaf(new Uint8Array(8));
    expect(await refusal([document, end])).toBe("no error");
    expect(await refusal([document, document, end])).toBe("ledger/malformed");
    expect(await refusal([document, end], 1)).toBe("ledger/malformed");
  });

  it("end within 64 MiB", async () => {
    const large = new Uint8Array(MIB);
    large.set(event.subarray(0, 2));
    const open = (leaves: number) => [command, ...Array<Uint8Array>(leaves).fill(large)];
    expect(await refusal(open(63))).toBe("no error");
    expect(await refusal(open(64))).toBe("ledger/too-large");
  });
});
