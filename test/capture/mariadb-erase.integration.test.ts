/** Erasing a patient of a MariaDB, while rows are written and foreign keys act. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { eraseNamed } from "@anamnesis/node";
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf, MariadbHospital } from "./mariadb-hospital.ts";
import { noMariadb } from "./mariadb-place.ts";

const TABLES = [
  "CREATE TABLE patients (id VARCHAR(40) PRIMARY KEY, name VARCHAR(40))",
  "CREATE TABLE letters (code VARCHAR(60) PRIMARY KEY, patient_id VARCHAR(40))",
  "CREATE TABLE stays (patient_id VARCHAR(40), day INT, PRIMARY KEY (patient_id, day))",
  "CREATE TABLE readings (patient_id VARCHAR(40), value VARCHAR(40))",
  "INSERT INTO patients VALUES ('Ludmila-4711', 'x'), ('Jan-12', 'y')",
];
const ROWS = [
  "INSERT INTO letters VALUES ('letter to Ludmila-4711', 'Ludmila-4711'), ('letter to Jan-12', 'Jan-12')",
  "INSERT INTO stays VALUES ('Ludmila-4711', 1), ('Jan-12', 1)",
  "INSERT INTO readings VALUES ('Ludmila-4711', 'r'), ('Jan-12', 'r')",
];

const name = "erasing a patient of a MariaDB";
describe.skipIf(noMariadb(name))(name, { timeout: 180_000 }, () => {
  let hospital: MariadbHospital;
  afterEach(() => hospital.close());

  const filesWith = (text: string): readonly string[] => {
    const { dir } = hospital.folder.layout;
    return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter(
      (file) => statSync(join(dir, file)).isFile() && readFileSync(join(dir, file)).includes(text),
    );
  };

  it("leaves nothing that names the patient, and the others as they were", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.start();
    await hospital.sql(...ROWS);
    expect(findingsOf(await hospital.verify())).toEqual([]);
    expect([filesWith("Ludmila-4711").length > 0, filesWith("letter to Jan-12").length > 0]).toEqual([true, true]);
    const signal = AbortSignal.timeout(60_000);
    const asked = {
      folder: hospital.folder,
      source: "ehr",
      env: {},
      signal,
      patient: "Ludmila-4711",
      reason: "REQUEST",
    };
    expect((await eraseNamed(asked)).names).toBeGreaterThanOrEqual(4);
    expect([filesWith("Ludmila-4711"), filesWith("letter to Jan-12").length > 0]).toEqual([[], true]);
    await hospital.sql("UPDATE readings SET value = 's'", "UPDATE letters SET code = CONCAT('new ', code)");
    const report = await hospital.verify();
    expect([report.totals.erased, report.totals.altered, report.totals.missing, report.totals.unexplained]).toEqual([
      4, 0, 0, 0,
    ]);
    expect(filesWith("Ludmila-4711")).toEqual([]);
    expect((await hospital.verify("from-log")).totals).toMatchObject({ erased: 4, altered: 0, missing: 0 });
    expect((await hospital.events()).filter((e) => e.kind === "erase")).toHaveLength(1);
  });
});
