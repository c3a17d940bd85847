/** MariaDB from its binary log to the report: ordinary work leaves no finding, and nothing that was done behind capture stays. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkNamed, historyOf } from "@anamnesis/node";
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf, MariadbHospital } from "./mariadb-hospital.ts";
import { noMariadb } from "./mariadb-place.ts";

const TABLES = [
  "CREATE TABLE patients (id INT PRIMARY KEY, name VARCHAR(80), born DATE)",
  `CREATE TABLE labs (id BIGINT AUTO_INCREMENT PRIMARY KEY, patient_id INT NOT NULL, code CHAR(8), value DECIMAL(9,3),
     at DATETIME(3), note TEXT, FOREIGN KEY (patient_id) REFERENCES patients (id))`,
  "CREATE TABLE notes (txt VARCHAR(50), n INT)",
  "CREATE TABLE pairs (a VARCHAR(20), b DATE, v INT, PRIMARY KEY (a, b))",
  `INSERT INTO patients SELECT seq, CONCAT('Patient ', seq), '1970-01-01' + INTERVAL seq DAY FROM seq_1_to_50`,
  `INSERT INTO labs (patient_id, code, value, at, note)
     SELECT 1 + seq % 50, 'K', seq / 7, '2026-01-01 08:00:00.125', REPEAT('n', seq % 300) FROM seq_1_to_400`,
  "INSERT INTO notes VALUES ('same', 1), ('same', 1), ('other', NULL)",
  "INSERT INTO pairs VALUES ('a', '2026-01-01', 1), ('A b', '2026-01-02', 2)",
];

const name = "a hospital on MariaDB";
describe.skipIf(noMariadb(name))(name, { timeout: 120_000 }, () => {
  let hospital: MariadbHospital;
  afterEach(() => hospital.close());

  it("finds nothing after ordinary work of all kinds, before and while it is captured", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    expect(findingsOf(await hospital.verify())).toEqual([]);
    await hospital.start();
    await hospital.sql(
      ...["BEGIN", "UPDATE labs SET value = value + 1 WHERE id <= 50", "DELETE FROM labs WHERE id = 60", "COMMIT"],
      ...["BEGIN", "UPDATE labs SET value = 0", "ROLLBACK"],
      ...["BEGIN", "DELETE FROM notes", "SAVEPOINT a", "UPDATE labs SET code = 'X'", "ROLLBACK TO a", "COMMIT"],
      "INSERT INTO pairs VALUES ('a', '2026-01-01', 5) ON DUPLICATE KEY UPDATE v = 6",
      "REPLACE INTO pairs VALUES ('A b', '2026-01-02', 7)",
      "UPDATE pairs SET a = 'A' WHERE a = 'a'",
      "UPDATE labs l JOIN patients p ON p.id = l.patient_id SET l.note = p.name, p.name = CONCAT(p.name, '!') WHERE p.id < 5",
      "INSERT INTO notes SELECT name, id FROM patients",
      ...[
        "XA START 'x'",
        "INSERT INTO patients VALUES (900, 'XA', NULL)",
        "XA END 'x'",
        "XA PREPARE 'x'",
        "XA COMMIT 'x'",
      ],
      ...["XA START 'y'", "DELETE FROM patients WHERE id = 900", "XA END 'y'", "XA PREPARE 'y'", "XA ROLLBACK 'y'"],
      "CREATE TRIGGER t AFTER INSERT ON patients FOR EACH ROW INSERT INTO notes VALUES ('trigger', NEW.id)",
      "INSERT INTO patients VALUES (901, 'Trigger', '2000-01-01')",
      "TRUNCATE TABLE pairs",
      "INSERT INTO pairs VALUES ('new', '2026-02-02', 1)",
    );
    expect(findingsOf(await hospital.verify())).toEqual([]);
    expect(findingsOf(await hospital.verify("from-log"))).toEqual([]);
  });

  it("names every row that was changed behind the log", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.tamper(
      "UPDATE labs SET value = value + 0.001 WHERE id = 7",
      "DELETE FROM labs WHERE id = 8",
      "INSERT INTO labs (id, patient_id, code) VALUES (5000, 1, 'K')",
      "UPDATE pairs SET v = 9 WHERE a = 'a'",
      "UPDATE notes SET n = 2 WHERE txt = 'same' LIMIT 1",
    );
    const found = [
      "altered hospital.labs 7",
      "altered hospital.pairs a|2026-01-01",
      "missing hospital.labs 8",
      "missing hospital.notes same\t1",
      "unexplained hospital.labs 5000",
      "unexplained hospital.notes same\t2",
    ];
    expect(findingsOf(await hospital.verify())).toEqual(found);
    expect(findingsOf(await hospital.verify("from-log"))).toEqual(found);
  });

  it("knows who acts where a statement begins with a comment that says so", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.sql(
      `/* anamnesis {"actor": "dr.wang", "purpose": "care"} */ UPDATE labs SET value = 5 WHERE id = 3`,
      'UPDATE labs SET note = \'/* anamnesis {"actor": "forged"} */\' WHERE id = 4',
    );
    await hospital.verify();
    const { folder } = hospital;
    const one = await historyOf({ folder, source: "ehr", table: "hospital.labs", key: "3", env: {}, prove: true });
    expect(one.history.events.at(-1)).toMatchObject({ kind: "update", actor: "dr.wang", purpose: "care" });
    const two = await historyOf({ folder, source: "ehr", table: "hospital.labs", key: "4", env: {} });
    expect(two.history.events.at(-1)).toMatchObject({ kind: "update", actor: null });
  });

  it("loses nothing and doubles nothing when capture is killed again and again", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++)
        await hospital.sql(
          ...[
            "BEGIN",
            `UPDATE labs SET value = ${i} WHERE id % 40 = ${i % 40}`,
            `INSERT INTO notes VALUES ('n', ${i})`,
          ],
          ...[`DELETE FROM labs WHERE id = ${200 + (i % 150)}`, "COMMIT"],
        );
    })();
    for (let i = 0; i < 4; i++) {
      const child = hospital.child();
      await sleep(1_500 + 300 * i);
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    writing = false;
    await writer;
    expect(findingsOf(await hospital.verify())).toEqual([]);
    expect(findingsOf(await hospital.verify("from-log"))).toEqual([]);
    const events = await hospital.events();
    const places = events.map((e) => `${e.lsn}/${e.ordinal}`);
    expect(new Set(places).size).toBe(places.length);
    expect(events.filter((e) => e.kind === "gap" || e.kind === "restored")).toEqual([]);
  });

  it("declares a gap when the log was removed before it was read, and vouches for nothing that changed there", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.sql(
      "UPDATE labs SET value = 1000 WHERE id = 5",
      ...["FLUSH BINARY LOGS", "UPDATE labs SET value = 2000 WHERE id = 6", "FLUSH BINARY LOGS"],
      "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY",
    );
    const report = await hospital.verify();
    expect(findingsOf(report)).toEqual(["altered hospital.labs 5", "altered hospital.labs 6"]);
    expect((await hospital.events()).filter((e) => e.kind === "gap")).toHaveLength(1);
  });

  it("declares that the log was started over, and finds what was changed meanwhile", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.sql("UPDATE labs SET value = 1 WHERE id = 9");
    await hospital.verify();
    await hospital.sql("RESET MASTER", "UPDATE labs SET value = 77 WHERE id = 10");
    expect(findingsOf(await hospital.verify())).toEqual(["altered hospital.labs 10"]);
    expect((await hospital.events()).filter((e) => e.kind === "restored")).toHaveLength(1);
    await hospital.sql("UPDATE labs SET value = 78 WHERE id = 11");
    expect(findingsOf(await hospital.verify())).toEqual(["altered hospital.labs 10"]);
  });

  it.each([
    ["shorter than before", 0],
    ["as long as before, with other commits", 6],
  ])("notices an older copy of the data folder, its log %s", async (_, writes) => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    const { place } = hospital;
    const data = join(place.dir, "db", "data");
    await place.server.stop();
    cpSync(data, join(place.dir, "copy"), { recursive: true, preserveTimestamps: true });
    await place.restart();
    await hospital.sql(...[1, 2, 3].map((id) => `UPDATE labs SET note = 'lost again' WHERE id = ${id}`));
    await hospital.verify();
    await place.server.stop();
    rmSync(data, { recursive: true });
    cpSync(join(place.dir, "copy"), data, { recursive: true, preserveTimestamps: true });
    await place.restart();
    for (let i = 0; i < writes; i++) await hospital.sql(`UPDATE labs SET note = 'other life' WHERE id = ${20 + i}`);
    const found = findingsOf(await hospital.verify());
    expect(found.filter((f) => /labs [123]$/.test(f))).toHaveLength(3);
    const declared = (await hospital.events()).filter((e) => e.kind === "gap" || e.kind === "restored");
    expect(declared).toHaveLength(1);
    if (writes === 0) expect(found).toHaveLength(3);
  });

  it("waits for prepared XA transactions over a restart of capture", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.verify();
    await hospital.sql(
      ...["XA START 'late'", "INSERT INTO patients VALUES (700, 'late', NULL)", "XA END 'late'", "XA PREPARE 'late'"],
    );
    await hospital.sql("UPDATE labs SET value = 3 WHERE id = 1");
    expect(findingsOf(await hospital.verify())).toEqual([]);
    await hospital.sql("XA COMMIT 'late'");
    expect(findingsOf(await hospital.verify())).toEqual([]);
    const { folder } = hospital;
    const late = await historyOf({ folder, source: "ehr", table: "hospital.patients", key: "700", env: {} });
    expect(late.history.events.map((e) => e.kind)).toEqual(["create"]);
  });

  it("says before it starts what the server must be set to, and puts it right when told to", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.sql(
      "SET GLOBAL binlog_format = 'MIXED'",
      "SET GLOBAL binlog_row_metadata = 'NO_LOG'",
      "CREATE TABLE old (id INT PRIMARY KEY) ENGINE=MyISAM",
    );
    const { folder } = hospital;
    const before = await checkNamed({ folder, source: "ehr", env: {} });
    expect(before.check.ready).toBe(false);
    expect(before.check.problems.map((p) => p.code)).toEqual(["capture/binlog-format", "capture/no-row-metadata"]);
    expect(before.check.tables.find((t) => t.name === "hospital.old")?.status).toBe("refused");
    await expect(hospital.verify()).rejects.toMatchObject({ code: "capture/binlog-format" });
    const after = await checkNamed({ folder, source: "ehr", env: {}, apply: true });
    expect(after.check.ready).toBe(true);
    expect(findingsOf(await hospital.verify())).toEqual([]);
  });
});
