/** Rows that foreign keys delete below MariaDB's log: they go on the ledger with the row that they belonged to. */
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf, MariadbHospital } from "./mariadb-hospital.ts";
import { noMariadb } from "./mariadb-place.ts";

const TABLES = [
  "CREATE TABLE patients (id INT PRIMARY KEY, name VARCHAR(80))",
  `CREATE TABLE visits (id INT PRIMARY KEY, patient_id INT, FOREIGN KEY (patient_id) REFERENCES patients (id) ON DELETE CASCADE)`,
  `CREATE TABLE labs (visit_id INT, code VARCHAR(8), v INT, PRIMARY KEY (visit_id, code),
     FOREIGN KEY (visit_id) REFERENCES visits (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
  `CREATE TABLE letters (id INT PRIMARY KEY, patient_id INT, txt TEXT,
     FOREIGN KEY (patient_id) REFERENCES patients (id) ON DELETE SET NULL)`,
  "INSERT INTO patients SELECT seq, CONCAT('P', seq) FROM seq_1_to_40",
  "INSERT INTO visits SELECT seq, 1 + seq % 40 FROM seq_1_to_120",
  "INSERT INTO labs SELECT 1 + seq % 120, CONCAT('c', seq DIV 120), seq FROM seq_0_to_599",
  "INSERT INTO letters SELECT seq, seq, 'dear' FROM seq_1_to_10",
];

const name = "foreign keys of MariaDB that act";
describe.skipIf(noMariadb(name))(name, { timeout: 120_000 }, () => {
  let hospital: MariadbHospital;
  afterEach(() => hospital.close());

  it("leave nothing missing, over levels, in one transaction, and after capture was killed", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    expect(findingsOf(await hospital.verify())).toEqual([]);
    await hospital.sql("DELETE FROM patients WHERE id BETWEEN 11 AND 15");
    await hospital.sql(
      ...["BEGIN", "INSERT INTO patients VALUES (100, 'x')", "INSERT INTO visits VALUES (900, 100), (901, 100)"],
      ...["INSERT INTO labs VALUES (900, 'a', 1), (900, 'b', 2)", "UPDATE visits SET patient_id = 1 WHERE id = 901"],
      ...["DELETE FROM patients WHERE id = 100", "COMMIT"],
    );
    expect(findingsOf(await hospital.verify())).toEqual([]);
    const child = hospital.child();
    for (let id = 16; id < 36; id++) {
      await hospital.sql(`DELETE FROM patients WHERE id = ${id}`, `INSERT INTO visits VALUES (${2000 + id}, 1)`);
      if (id === 28) child.kill("SIGKILL");
    }
    expect(findingsOf(await hospital.verify("from-log"))).toEqual([]);
    const gone = (await hospital.events()).filter((e) => e.kind === "delete");
    // 25 patients with three visits each, and each visit with five results; then one with a visit and its two results.
    expect(gone).toHaveLength(25 * (1 + 3 + 15) + 1 + 1 + 2);
  });

  it("do not act where the session switched them off, and hide nothing that went by itself", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.sql("SET foreign_key_checks = 0", "DELETE FROM patients WHERE id = 20");
    expect(findingsOf(await hospital.verify())).toEqual([]);
    await hospital.tamper("DELETE FROM visits WHERE id = 5");
    expect(findingsOf(await hospital.verify())).toEqual(["missing hospital.visits 5"]);
  });

  it("change rows that nobody vouches for until they are written again", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.sql("DELETE FROM patients WHERE id = 3");
    expect(findingsOf(await hospital.verify())).toEqual(["unvouched hospital.letters 3"]);
    await hospital.sql("UPDATE letters SET txt = 'moved' WHERE id = 3");
    expect(findingsOf(await hospital.verify())).toEqual([]);
  });
});
