/** `demo attacks` as a user runs it, with fewer alterations by each attack than the demonstration makes by itself. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { ATTACK_NAMES } from "@anamnesis/sandbox";
import { beforeAll, describe, expect, it } from "vitest";
import type { AttacksOutcome } from "../src/demo/attacks/all.ts";
import { anamnesis, type Ran } from "./process.ts";

const COUNT = 12;
let ran: Ran;
let outcome: AttacksOutcome;

beforeAll(async () => {
  ran = await anamnesis(["demo", "attacks", "--json", "--patients", "100", "--count", String(COUNT), "--seed", "9"]);
  expect(ran.err).toBe("");
  outcome = JSON.parse(ran.out) as AttacksOutcome;
}, 280_000);

describe("demo attacks", () => {
  it("holds and ends with 0", () => {
    expect({ ok: outcome.ok, code: ran.code }).toEqual({ ok: true, code: 0 });
  });

  it.for(ATTACK_NAMES)("%s: every row is named by table, key and kind, before and after capture looks anew", (name) => {
    const played = outcome.attacks.find((a) => a.name === name);
    expect(played?.differs).toEqual([]);
    expect(played).toMatchObject({ ok: true, falseAlarms: 0, stillFoundAfterRebaseline: true });
    expect(played?.planted).toBeGreaterThanOrEqual(COUNT);
    const { planted, named = [] } = played ?? {};
    expect([played?.found, played?.foundFromLog, named.length]).toEqual([planted, planted, planted]);
    expect(named.every(({ table, key }) => table !== "" && key !== "")).toBe(true);
    expect(played?.legalWrites).toBeGreaterThan(400);
  });

  it("alters rows in every attack, and removes and adds some", () => {
    const kinds = outcome.attacks.map((a) => Object.keys(a.kinds));
    for (const each of kinds) expect(each).toContain("altered");
    expect([...new Set(kinds.flat())].toSorted()).toEqual(["altered", "missing", "unexplained"]);
  });

  it("names none of the rows that were changed back", () => {
    expect(outcome.attacks.find((a) => a.name === "changed-back")?.undone).toBeGreaterThanOrEqual(COUNT);
  });

  it("takes an open restore for events", () => {
    expect(outcome.attacks.find((a) => a.name === "table-restore")?.open).toBeGreaterThan(0);
  });

  it("leaves nothing behind", () => {
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("anamnesis-attacks-"))).toEqual([]);
  });
});

describe("an unknown attack", () => {
  it("is refused with the names that there are", async () => {
    const wrong = await anamnesis(["demo", "attacks", "--only", "ransom", "--json"]);
    expect(wrong.code).toBe(2);
    expect(wrong.out + wrong.err).toContain("older-folder");
  });
});
