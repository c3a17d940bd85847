/** Misuse planted in a living hospital is named by the command, with reasons, and nothing of it stands on the ledger. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fillHospital,
  type PlantedMisuse,
  type Postgres,
  plantMisuse,
  startPostgres,
  startWard,
} from "@anamnesis/sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anamnesis } from "./process.ts";

interface Document {
  readonly findings: readonly {
    readonly actor: string;
    readonly patient: string | null;
    readonly score: number;
    readonly reasons: readonly { readonly rule: string; readonly says: string }[];
    readonly named: readonly { readonly index: number; readonly time: string; readonly patient: string }[];
  }[];
  readonly accesses: number;
  readonly skipped: readonly { readonly rule: string; readonly missing: readonly string[] }[];
  readonly facts: readonly { readonly query: string; readonly from: string; readonly rows: number }[];
}

const RULE_OF: Readonly<Record<string, string>> = {
  relative: "same-family",
  household: "same-address",
  neighbour: "neighbour",
  colleague: "colleague",
  star: "vip",
  "former partner": "former-contact",
  "own record": "own-record",
  deceased: "long-after",
  "harvest in order": "harvesting",
};

const root = mkdtempSync(join(tmpdir(), "anamnesis-misuse-"));
const dir = join(root, "data");
let server: Postgres;
let planted: readonly PlantedMisuse[];

async function misuse(...more: readonly string[]): Promise<{ readonly code: number | null; readonly found: Document }> {
  const { code, out } = await anamnesis(["misuse", "ehr", "--dir", dir, "--json", ...more]);
  return { code, found: JSON.parse(out) as Document };
}

beforeAll(async () => {
  server = await startPostgres({ dir: join(root, "pg") });
  await fillHospital(server.url, { patients: 400, seed: 4 });
  await anamnesis(["init", dir, "--org", "Hospital Nord"]);
  await anamnesis(["source", "add", "ehr", "--url", server.url, "--dir", dir]);
  await anamnesis(["capture", "ehr", "--dir", dir, "--until-caught-up"]);
  const ward = startWard({ url: server.url, seed: 7, writesPerSecond: 0 });
  const work = ward.run(600);
  planted = await plantMisuse({ url: server.url, seed: 1 });
  await work;
  await ward.stop();
  await anamnesis(["capture", "ehr", "--dir", dir, "--until-caught-up"]);
});

afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

describe("anamnesis misuse", () => {
  it("names every planted case by person and patient, for the reason it was planted for", async () => {
    const { code, found } = await misuse();
    expect(code).toBe(1);
    for (const { pattern, actor, patients } of planted) {
      const right = found.findings.filter(
        (f) => f.actor === actor && f.named.some((n) => patients.includes(Number(n.patient))),
      );
      const rules = right.flatMap((f) => f.reasons.map((r) => r.rule));
      expect(rules, pattern).toContain(RULE_OF[pattern]);
    }
    expect(planted.length).toBe(Object.keys(RULE_OF).length);
  });

  it("asks about hardly anybody else: the ward's work and care for one's own patients are no finding", async () => {
    const { found } = await misuse();
    const pairs = new Set(planted.flatMap((p) => p.patients.map((patient) => `${p.actor} ${patient}`)));
    const wrong = found.findings.filter((f) => !f.named.some((n) => pairs.has(`${f.actor} ${n.patient}`)));
    expect(found.accesses).toBeGreaterThan(700);
    expect(wrong.map((f) => [f.actor, f.patient, f.reasons.map((r) => r.rule)])).toEqual([]);
  });

  it("finds its facts in the hospital's schema by itself and says what it could not look at", async () => {
    const { found } = await misuse();
    expect(found.facts).toEqual([
      { query: "patients", from: "detected", rows: 400 },
      expect.objectContaining({ query: "staff", from: "detected" }),
      expect.objectContaining({ query: "relations", from: "detected" }),
      { query: "shifts", from: "none", rows: 0 },
      expect.objectContaining({ query: "contacts", from: "detected" }),
    ]);
    expect(found.skipped).toEqual([]);
    const toml = readFileSync(join(dir, "anamnesis.toml"), "utf8");
    writeFileSync(join(dir, "anamnesis.toml"), `${toml}\n[source.ehr.misuse]\nrelations = ""\ncontacts = ""\n`);
    const without = await misuse();
    writeFileSync(
      join(dir, "anamnesis.toml"),
      `${toml}\n[source.ehr.misuse]\npatients = "SELECT id AS patient, sex FROM public.patients"\n`,
    );
    const wrong = await anamnesis(["misuse", "ehr", "--dir", dir, "--json"]);
    writeFileSync(join(dir, "anamnesis.toml"), toml);
    expect(without.found.skipped).toContainEqual({ rule: "no-relation", missing: ["relations"] });
    expect(without.found.skipped).toContainEqual({ rule: "former-contact", missing: ["contacts"] });
    expect([wrong.code, wrong.out]).toEqual([2, expect.stringContaining("node/bad-mapping")]);
  });

  it("takes rules from a file, a period, and refuses a parameter that does not exist", async () => {
    const file = join(root, "rules.toml");
    writeFileSync(
      file,
      "version = 1\n[rules.harvesting]\non = false\n[rules.volume]\non = false\n[rules.unrelated-volume]\non = false\n",
    );
    const { found } = await misuse("--rules", file);
    expect(found.findings.flatMap((f) => f.reasons.map((r) => r.rule))).not.toContain("harvesting");
    expect((await misuse("--until", "2020-01-01")).found.accesses).toBe(0);
    writeFileSync(file, "version = 1\n[rules.vip]\nweight = 3\n");
    const refused = await anamnesis(["misuse", "ehr", "--dir", dir, "--rules", file, "--json"]);
    expect([refused.code, refused.out]).toEqual([2, expect.stringContaining("misuse/unknown-parameter")]);
  });

  it("reads aloud in English and Chinese, and leaves names and addresses out", async () => {
    const english = await anamnesis(["misuse", "ehr", "--dir", dir]);
    expect(english.out).toContain("Both live at the same address.");
    expect(english.out).toContain("A finding is a question to a person, not a verdict.");
    const chinese = await anamnesis(["misuse", "ehr", "--dir", dir, "--lang", "zh"]);
    expect(chinese.out).toContain("两人住址相同。");
    for (const { out } of [english, chinese]) expect(out).not.toMatch(/Quastenberg|Lighthouse/);
  });
});
