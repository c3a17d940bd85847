/** The demonstration as a user runs it, then every command of a kept folder, then a search for what must not be there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anamnesis, processesOf, type Ran } from "./process.ts";

const root = mkdtempSync(join(tmpdir(), "anamnesis-cli-"));
const dir = join(root, "demo");
const out = join(root, "export");
const proof = join(root, "row.proof");
const said: string[] = [];

async function run(...args: string[]): Promise<Ran> {
  const ran = await anamnesis(args);
  said.push(ran.out, ran.err);
  return ran;
}

const json = (ran: Ran): Record<string, unknown> => JSON.parse(ran.out.trim().split("\n").at(-1) ?? "") as never;

let demo: Ran;

beforeAll(async () => {
  demo = await run("demo", "--json", "--dir", dir, "--seed", "7");
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("demo", () => {
  it("finds every planted alteration, raises no false alarm, and ends with code 0", () => {
    expect(json(demo)).toMatchObject({ ok: true, problems: [], falseAlarms: 0, proofChecked: true, logSound: true });
    const { planted, found, legalWrites, unattributed } = json(demo);
    expect(planted).toBeGreaterThanOrEqual(200);
    expect(found).toBe(planted);
    expect(legalWrites).toBeGreaterThanOrEqual(10_000);
    expect(unattributed).toBeGreaterThan(0);
    expect(demo.code).toBe(0);
  });

  it("plants every kind", () => {
    const { kinds, alterations } = json(demo);
    expect(Object.keys(kinds as object).toSorted()).toEqual(["altered", "missing", "unexplained"]);
    expect(Object.keys(alterations as object)).toHaveLength(7);
  });

  it("shows that a rolled-back cache is believed by verify and not by --from-log", () => {
    expect(json(demo)["rollback"]).toEqual({ cacheFooled: true, fromLogFooled: false });
  });

  it("leaves no process", () => {
    expect(processesOf(dir)).toEqual([]);
  });
});

describe("a kept folder", () => {
  it("is verified with the findings still in it", async () => {
    const ran = await run("verify", "ehr", "--dir", dir, "--from-log", "--json");
    expect(ran.code).toBe(1);
    const report = json(ran);
    expect(report).toMatchObject({ mode: "from-log", checkpoint: { origin: "anamnesis/sandbox" } });
    const all = ["altered", "missing", "unexplained"].flatMap((k) => report[k] as unknown[]);
    // The planted ones, and the row that the rolled-back cache was about.
    expect(all).toHaveLength(Number(json(demo)["planted"]) + 1);
  });

  it("tells a row's life and proves it offline, against a later checkpoint too", async () => {
    const life = await run(
      "history",
      "ehr",
      "--dir",
      dir,
      "--table",
      "public.patients",
      "--key",
      "1",
      "--proof",
      proof,
      "--json",
    );
    expect(life.code).toBe(0);
    expect(json(life)).toMatchObject({ table: "public.patients", key: "1" });
    expect((await run("log", "export", "--dir", dir, "--out", out)).code).toBe(0);
    const genesis = join(dir, "genesis.json");
    const checked = await run(
      "proof",
      "check",
      proof,
      "--checkpoint",
      join(out, "checkpoint"),
      "--genesis",
      genesis,
      "--json",
    );
    expect(checked.code).toBe(0);
    expect(json(checked)).toMatchObject({ holds: true, author: "sandbox" });
  });

  it("has a sound log, in the store and as files", async () => {
    expect((await run("log", "verify", "--dir", dir)).code).toBe(0);
    expect((await run("log", "verify", "--dir", out)).code).toBe(0);
  });

  it("names a row nobody knows", async () => {
    const ran = await run("history", "ehr", "--dir", dir, "--table", "public.patients", "--key", "999999", "--json");
    expect([ran.code, json(ran)]).toEqual([
      2,
      { error: expect.objectContaining({ code: "capture/unknown-row" }) as unknown },
    ]);
  });

  it("names a database that does not answer, without its password", async () => {
    const other = join(root, "other");
    await run("init", other, "--org", "Other");
    await run("source", "add", "ehr", "--url", "postgres://someone:Geheim-4711@127.0.0.1:1/db", "--dir", other);
    const ran = await run("capture", "ehr", "--dir", other, "--until-caught-up", "--json");
    expect([ran.code, json(ran)]).toEqual([
      2,
      { error: expect.objectContaining({ code: "capture/cannot-connect" }) as unknown },
    ]);
    expect(said.join("\n")).not.toContain("Geheim-4711");
  });
});

describe("what must not be there", () => {
  const words = async (): Promise<string[]> => {
    const people =
      "SELECT mrn, family, given[1], phone FROM patients UNION ALL SELECT login, name, '', '' FROM practitioners";
    // Not through `run`: this output holds them on purpose.
    const { out: answer } = await anamnesis(["sandbox", "sql", "--dir", dir, "--json", people]);
    const { statements } = JSON.parse(answer) as { statements: { rows: (string | null)[][] }[] };
    const config = readFileSync(join(dir, "anamnesis.toml"), "utf8");
    const password = /postgres:\/\/[^:]+:([^@]+)@/.exec(config)?.[1] ?? "";
    expect(password.length).toBeGreaterThan(10);
    const cells = statements.flatMap((s) => s.rows.flat()).map((c) => c ?? "");
    return [...new Set([...cells.filter((c) => c.length >= 6), password])];
  };

  const filesIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((file) => statSync(file).isFile());

  it("no name, number or password on the ledger, in its export, in logs and messages", async () => {
    const found: string[] = [];
    const list = await words();
    expect(list.length).toBeGreaterThan(100);
    const texts = [...filesIn(join(dir, "ledger")), ...filesIn(out), proof].map((file) => readFileSync(file, "latin1"));
    for (const text of [...texts, ...said]) for (const word of list) if (text.includes(word)) found.push(word);
    expect(found).toEqual([]);
  });
});
