/** Legal changes of a MariaDB's tables leave no finding, and hide none. */
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf, MariadbHospital } from "./mariadb-hospital.ts";
import { noMariadb } from "./mariadb-place.ts";

const TABLES = [
  "CREATE TABLE patients (id INT PRIMARY KEY, name VARCHAR(80))",
  `CREATE TABLE labs (id INT PRIMARY KEY, patient_id INT, code ENUM('K', 'Na'), value DECIMAL(9,3), note VARCHAR(100))`,
  "CREATE TABLE plain (v VARCHAR(20))",
  "INSERT INTO patients SELECT seq, CONCAT('P', seq) FROM seq_1_to_20",
  "INSERT INTO labs SELECT seq, 1 + seq % 20, 'K', seq / 3, CONCAT('n', seq) FROM seq_1_to_300",
  "INSERT INTO plain VALUES ('a'), ('a'), ('b')",
];

/** Each is ordinary work of an administrator. */
const DDL: readonly string[] = [
  "ALTER TABLE labs ADD COLUMN extra INT DEFAULT 7",
  "ALTER TABLE labs ADD COLUMN first_one VARCHAR(9) DEFAULT 'x' FIRST",
  "ALTER TABLE labs MODIFY note VARCHAR(500)",
  "ALTER TABLE labs MODIFY note LONGTEXT",
  "ALTER TABLE labs MODIFY value DECIMAL(20,3)",
  "ALTER TABLE labs MODIFY patient_id BIGINT",
  "ALTER TABLE labs MODIFY code ENUM('K', 'Na', 'Cl')",
  "ALTER TABLE labs ADD INDEX by_patient (patient_id)",
  "ALTER TABLE labs ADD COLUMN doubled DECIMAL(20,3) AS (value * 2) STORED",
  "ALTER TABLE labs ADD COLUMN shown VARCHAR(20) AS (CONCAT('v', id)) VIRTUAL",
  "ALTER TABLE labs ADD COLUMN hidden INT INVISIBLE DEFAULT 3",
  "ALTER TABLE labs ROW_FORMAT = COMPRESSED",
  "ALTER TABLE labs PARTITION BY HASH (id) PARTITIONS 4",
  "ALTER TABLE labs REMOVE PARTITIONING",
  "OPTIMIZE TABLE labs",
  "ANALYZE TABLE labs",
  "ALTER TABLE plain ADD COLUMN w INT",
  "ALTER TABLE patients ADD CONSTRAINT c CHECK (id > 0)",
  "CREATE TABLE fresh (id INT PRIMARY KEY, v INT)",
  "CREATE TABLE copied AS SELECT * FROM labs",
  "CREATE OR REPLACE VIEW seen AS SELECT * FROM labs",
  "ALTER DATABASE hospital CHARACTER SET latin1",
  "CREATE USER 'somebody'@'%' IDENTIFIED BY 'a secret that must not be told'",
];

const name = "legal changes of MariaDB's tables";
describe.skipIf(noMariadb(name))(name, { timeout: 180_000 }, () => {
  let hospital: MariadbHospital;
  afterEach(() => hospital.close());

  it("leave no finding, made one by one while rows are written", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.start();
    expect(findingsOf(await hospital.verify())).toEqual([]);
    for (const [i, ddl] of DDL.entries()) {
      await hospital.sql(
        ...[
          `UPDATE labs SET value = ${i} WHERE id = ${i + 1}`,
          ddl,
          `UPDATE labs SET value = ${i} WHERE id = ${i + 50}`,
        ],
        `INSERT INTO patients VALUES (${1000 + i}, 'new')`,
      );
      if (i % 4 === 3) expect.soft({ ddl, found: findingsOf(await hospital.verify()) }).toEqual({ ddl, found: [] });
    }
    expect(findingsOf(await hospital.verify())).toEqual([]);
    const report = await hospital.verify("from-log");
    expect(findingsOf(report)).toEqual([]);
    expect(report.rows).toBeGreaterThan(300 + 20 + DDL.length + 3 + 299);
  });

  it("leave no finding when the key moves to a column that has the same values", async () => {
    hospital = await MariadbHospital.open(
      "CREATE TABLE places (id INT PRIMARY KEY, code INT NOT NULL, v VARCHAR(20))",
      "INSERT INTO places SELECT seq, 301 - seq, 'v' FROM seq_1_to_300",
    );
    await hospital.start();
    expect(findingsOf(await hospital.verify())).toEqual([]);
    for (const key of ["code", "code, id", "id"]) {
      await hospital.sql(`ALTER TABLE places DROP PRIMARY KEY, ADD PRIMARY KEY (${key})`);
      await hospital.sql("UPDATE places SET v = CONCAT(v, 'w') WHERE id % 7 = 0");
      expect.soft({ key, found: findingsOf(await hospital.verify()) }).toEqual({ key, found: [] });
      await hospital.sql("DELETE FROM places WHERE id % 50 = 3", "UPDATE places SET id = id + 1000 WHERE id % 60 = 1");
      expect.soft({ key, found: findingsOf(await hospital.verify()) }).toEqual({ key, found: [] });
    }
    expect(findingsOf(await hospital.verify("from-log"))).toEqual([]);
  });

  it("hide nothing that was altered before them", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.start();
    await hospital.verify();
    await hospital.tamper("UPDATE labs SET value = 0.5 WHERE id = 5", "DELETE FROM labs WHERE id = 6");
    await hospital.sql("ALTER TABLE labs ADD COLUMN extra INT DEFAULT 7", "ALTER TABLE labs MODIFY note LONGTEXT");
    const found = findingsOf(await hospital.verify());
    expect(found.map((f) => f.replace("unvouched", "altered")).toSorted()).toEqual([
      "altered hospital.labs 5",
      "missing hospital.labs 6",
    ]);
  });
});
