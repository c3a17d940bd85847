/** What an operator declares of a MariaDB, with a reason: rows as they are, and that the database is another one from now on. */
import { acceptNamed, declareMove } from "@anamnesis/node";
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf, MariadbHospital } from "./mariadb-hospital.ts";
import { mariadbPlace, noMariadb } from "./mariadb-place.ts";

const TABLES = [
  "CREATE TABLE labs (id INT PRIMARY KEY, v VARCHAR(20))",
  "INSERT INTO labs SELECT seq, 'v' FROM seq_1_to_50",
  "CREATE TABLE plain (v VARCHAR(20))",
  "INSERT INTO plain VALUES ('a'), ('a'), ('b')",
];

const name = "what an operator declares of a MariaDB";
describe.skipIf(noMariadb(name))(name, { timeout: 180_000 }, () => {
  let hospital: MariadbHospital;
  afterEach(() => hospital.close());

  const accept = async (table: string, key: string | null, reason: string): Promise<number> => {
    const signal = AbortSignal.timeout(60_000);
    const asked = { folder: hospital.folder, source: "ehr", env: {}, signal, table, key, reason };
    return (await acceptNamed({ ...asked, actor: "operator ann" })).accepted;
  };

  it("is accepted row by row and table by table, and found again when it is altered after that", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.start();
    await hospital.verify();
    await hospital.tamper("UPDATE labs SET v = 'x' WHERE id IN (1, 2)", "DELETE FROM labs WHERE id = 3");
    await hospital.tamper("INSERT INTO labs VALUES (90, 'n')", "DELETE FROM plain WHERE v = 'b'");
    expect(findingsOf(await hospital.verify())).toHaveLength(5);
    expect(await accept("hospital.labs", "1", "RESTORED")).toBe(1);
    expect(await accept("hospital.labs", "5", "RESTORED")).toBe(0);
    expect(await accept("hospital.labs", null, "RESTORED")).toBe(3);
    expect(await accept("hospital.plain", null, "RESTORED")).toBe(1);
    const report = await hospital.verify("from-log");
    expect(findingsOf(report)).toEqual([]);
    expect(report.accepted.total).toBe(5);
    await hospital.tamper("UPDATE labs SET v = 'y' WHERE id = 1");
    expect(findingsOf(await hospital.verify())).toEqual(["altered hospital.labs 1"]);
  });

  it("is another server with the same rows, and the gap has the reason", async () => {
    hospital = await MariadbHospital.open(...TABLES);
    await hospital.start();
    await hospital.verify();
    await hospital.sql("INSERT INTO labs VALUES (100, 'written')");
    await hospital.verify();
    await hospital.stop();
    const other = await mariadbPlace();
    try {
      await other.sql(...TABLES, "UPDATE labs SET v = 'changed on the way' WHERE id = 7");
      await other.sql("INSERT INTO labs VALUES (100, 'written')");
      const move = { name: "ehr", url: other.server.url, reason: "NEW-SERVER" };
      const folder = declareMove(hospital.folder, move, {});
      hospital.moveTo(folder);
      await hospital.start();
      expect(findingsOf(await hospital.verify())).toEqual(["altered hospital.labs 7"]);
      const events = await hospital.events();
      const declared = events.filter((e) => e.kind === "gap" || e.kind === "restored");
      expect(declared.map((e) => e.purpose)).toEqual(["NEW-SERVER"]);
      expect(await accept("hospital.labs", "7", "NEW-SERVER")).toBe(1);
      expect(findingsOf(await hospital.verify("from-log"))).toEqual([]);
      await hospital.stop();
    } finally {
      await other.remove();
    }
  });
});
