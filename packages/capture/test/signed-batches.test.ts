/** Who holds the log's key but not the organisation's: what can be written into a log that is consistent in itself? */
import { rmSync } from "node:fs";
import { commandLeaf, decodeLeaf, encodeEvent } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TableSchema } from "../src/source.ts";
import { verifySource } from "../src/verify/verify.ts";
import { World } from "./verify-double.ts";

let world: World;
let notes: TableSchema;
beforeEach(() => {
  world = new World();
  notes = world.table("public.notes", ["id", "text"], [0]);
  world.write("baseline", notes, "1\told");
  world.write("update", notes, "1\tnew", "1\told");
  world.write("create", notes, "2\tother");
});
afterEach(() => {
  world.close();
  rmSync(world.dir, { recursive: true, force: true });
});

const verify = () => verifySource(world.options({ mode: "from-log" }));
const mustRefuse = (why: RegExp) =>
  expect(verify()).rejects.toMatchObject({ code: "ledger/bad-signature", message: expect.stringMatching(why) });

describe("verify from a log that its operator rewrote", () => {
  it("is clean when nothing was", async () => {
    const { altered, missing, unexplained, rows } = await verify();
    expect([altered, missing, unexplained, rows]).toEqual([[], [], [], 2]);
  });

  it("refuses another event under a genuine header", async () => {
    world.leaves[4] = encodeEvent(world.event("update", notes, "1\tforged"));
    await mustRefuse(/not those that were signed/);
  });

  it("refuses a header with the organisation's key id and no signature of its", async () => {
    const leaf = world.leaves[3];
    const read = leaf === undefined ? undefined : decodeLeaf(leaf);
    if (read?.type !== "command") throw new Error("a command stands there");
    world.leaves[3] = commandLeaf(
      read.bytes,
      read.signatures.map((s) => ({ ...s, signature: new Uint8Array(64) })),
    );
    await mustRefuse(/does not fit/);
  });

  it("refuses an old batch told again, which would vouch for an older value", async () => {
    world.leaves.push(...world.leaves.slice(1, 3));
    await mustRefuse(/twice/);
  });

  it("refuses a log with a batch left out", async () => {
    world.leaves.splice(3, 2);
    await mustRefuse(/left out/);
  });

  it("refuses a batch that is cut short, and does not count events behind its end", async () => {
    world.leaves.push(encodeEvent(world.event("update", notes, "2\tforged")));
    world.behind("update", notes, "2\tforged", "2\tother");
    expect((await verify()).altered.length).toBe(1);
    world.leaves.splice(4, 1);
    await mustRefuse(/cut short/);
  });
});
