/** The same on MariaDB, with a schema of other names: facts by detection, rows whose patient must be asked for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withMariadb } from "@anamnesis/capture";
import { hasMariadb, type Mariadb, startMariadb } from "@anamnesis/sandbox";
import { skipLoudly } from "@anamnesis/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anamnesis } from "../../packages/cli/test/process.ts";

const missing =
  !hasMariadb() && skipLoudly({ name: "misuse on MariaDB", needs: "mariadb", reason: "mariadbd is not installed" });

const SCHEMA = [
  "CREATE TABLE hospital.patient (pat_id INT PRIMARY KEY, last_name VARCHAR(40), street VARCHAR(80), city VARCHAR(40), vip TINYINT)",
  "CREATE TABLE hospital.staff (id INT PRIMARY KEY, username VARCHAR(40), role VARCHAR(20), ward VARCHAR(10), last_name VARCHAR(40), street VARCHAR(80), city VARCHAR(40))",
  "CREATE TABLE hospital.visits (id INT PRIMARY KEY, patient_id INT, staff_id INT, start_time DATETIME, end_time DATETIME)",
  "CREATE TABLE hospital.results (no INT, part CHAR(1), patient_id INT NOT NULL, value DECIMAL(9,2), PRIMARY KEY (no, part))",
  "INSERT INTO hospital.patient VALUES (1, 'Berg', 'Mill Lane 3', 'Eastmere', 1), (2, 'Roth', 'Quay 9', 'Eastmere', 0)",
  "INSERT INTO hospital.staff VALUES (1, 'n.berg', 'nurse', 'A1', 'Berg', 'Mill Lane 3', 'Eastmere'), (2, 'n.olm', 'nurse', 'A1', 'Olm', 'Far 1', 'Kirchfeld')",
  "INSERT INTO hospital.visits VALUES (1, 1, 2, NOW() - INTERVAL 1 DAY, NULL), (2, 2, 1, NOW() - INTERVAL 1 DAY, NULL)",
  "INSERT INTO hospital.results VALUES (10, 'a', 1, 1.50), (10, 'b', 2, 2.50)",
];
const write = (actor: string, sql: string) => `/* anamnesis {"actor": "${actor}", "purpose": "TREAT"} */ ${sql}`;

describe.skipIf(missing)("anamnesis misuse on MariaDB", () => {
  const root = mkdtempSync(join(tmpdir(), "anamnesis-misuse-"));
  const dir = join(root, "data");
  let server: Mariadb;
  const sql = (...statements: readonly string[]) =>
    withMariadb({ url: server.url }, async (connection) => {
      for (const statement of statements) {
        await new Promise<void>((resolve, reject) => {
          connection.query(statement, (error) => (error === null ? resolve() : reject(error)));
        });
      }
    });

  const captured = async () => {
    const { code, err } = await anamnesis(["capture", "ehr", "--dir", dir, "--until-caught-up"]);
    expect([code, err]).toEqual([0, ""]);
  };

  beforeAll(async () => {
    server = await startMariadb({ dir: join(root, "db") });
    await sql(...SCHEMA);
    await anamnesis(["init", dir, "--org", "Hospital Nord"]);
    await anamnesis(["source", "add", "ehr", "--url", server.url, "--dir", dir]);
    await captured();
    await sql(
      write("n.berg", "UPDATE hospital.results SET value = 9.99 WHERE no = 10 AND part = 'a'"),
      write("n.olm", "UPDATE hospital.results SET value = 1.75 WHERE no = 10 AND part = 'a'"),
      write("n.berg", "UPDATE hospital.results SET value = 2.75 WHERE no = 10 AND part = 'b'"),
    );
    await captured();
  });

  afterAll(async () => {
    await server.stop();
    rmSync(root, { recursive: true, force: true });
  });

  it("names the one who wrote into the file of somebody at the same address without caring for them", async () => {
    const { code, out, err } = await anamnesis(["misuse", "ehr", "--dir", dir, "--json"]);
    expect(err).toBe("");
    const found = JSON.parse(out) as {
      readonly findings: readonly { readonly reasons: readonly { readonly rule: string }[] }[];
    };
    expect(code).toBe(0);
    expect(found).toMatchObject({ accesses: 3, withoutPatient: 0, findings: [] });
    const rules = join(root, "rules.json");
    writeFileSync(rules, '{"version": 1, "report_from": 2}');
    const all = await anamnesis(["misuse", "ehr", "--dir", dir, "--json", "--rules", rules]);
    expect(all.code).toBe(1);
    expect((JSON.parse(all.out) as { readonly findings: unknown }).findings).toMatchObject([
      { actor: "n.berg", patient: "1", role: "nurse", named: [{ table: "hospital.results", row: "10|a" }] },
    ]);
  });
});
