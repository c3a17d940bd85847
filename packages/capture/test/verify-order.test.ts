import { rmSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Finding, verifySource } from "../src/index.ts";
import type { TableSchema } from "../src/source.ts";
import { patient } from "../src/subject-sealers.ts";
import { World } from "./verify-double.ts";

/** Rows are compared many at a time as long as they come in the order of the index: findings must not depend on it. */
const ROWS = 200;
let world: World;
let table: TableSchema;
beforeEach(() => {
  world = new World();
  table = world.table("public.notes", ["id", "patient_id", "about_id", "text"], [0], [1, 2]);
  for (let i = 0; i < ROWS; i++) world.write("baseline", table, row(i));
  for (let i = 0; i < ROWS; i++) world.learn(table, "", `${i}`);
});
afterEach(() => {
  world.close();
  rmSync(world.dir, { recursive: true, force: true });
});

const row = (id: number, text = "as it was"): string => `${id}\tp${id % 7}\tq${id % 5}\t${text}`;

async function findings(): Promise<string[]> {
  const report = await verifySource(world.options());
  const all = [...report.altered, ...report.missing, ...report.unexplained, ...report.unvouched, ...report.erased];
  return all.map((f: Finding) => `${f.kind} ${f.key}`).toSorted();
}

const places = fc.uniqueArray(fc.nat(ROWS - 1), { minLength: 0, maxLength: 12 });

describe("verify, whatever the order of rows", () => {
  it("finds what was altered, removed and added, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(places, places, places, fc.boolean(), async (altered, removed, moved, shuffled) => {
        const gone = new Set(removed);
        const forged = new Set(altered.filter((id) => !gone.has(id)));
        const there = Array.from({ length: ROWS }, (_, id) => id).filter((id) => !gone.has(id) && !moved.includes(id));
        const ids = [...there, ...moved.filter((id) => !gone.has(id))];
        if (shuffled) ids.sort((a, b) => ((a * 7919) % ROWS) - ((b * 7919) % ROWS));
        const rows = ids.map((id) => row(id, forged.has(id) ? "forged" : undefined));
        rows.splice(ids.length / 2, 0, row(ROWS + 1));
        world.rows.set(table.name, rows);
        expect(await findings()).toEqual(
          [
            ...[...forged].map((id) => `altered ${id}`),
            ...removed.map((id) => `missing ${id}`),
            `unexplained ${ROWS + 1}`,
          ].toSorted(),
        );
      }),
      { numRuns: 25 },
    );
  });

  it("tells of a row that is there twice under one key, wherever the copy stands", async () => {
    for (const at of [0, 1, 63, 64, 65, 130, ROWS]) {
      const rows = Array.from({ length: ROWS }, (_, id) => row(id));
      rows.splice(at, 0, row(64));
      world.rows.set(table.name, rows);
      expect(await findings()).toEqual(["unexplained 64"]);
    }
  });

  it("counts rows whose patient was erased as erased, among others that fit", async () => {
    world.keys.destroy(patient("p6"));
    const about = Array.from({ length: ROWS }, (_, id) => id).filter((id) => row(id).includes("\tp6\t"));
    expect(await findings()).toEqual(about.map((id) => `erased ${id}`).toSorted());
  });

  it("takes rows that are larger than a batch", async () => {
    const huge = row(ROWS + 5, "x".repeat(600_000));
    world.write("create", table, huge);
    expect(await findings()).toEqual([]);
    world.rows.get(table.name)?.splice(ROWS, 1, `${huge}x`);
    expect(await findings()).toEqual([`altered ${ROWS + 5}`]);
  });
});
