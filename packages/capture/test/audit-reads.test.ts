import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { comparePositions, type Position } from "@anamnesis/contracts";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openReads, type Reads, type ReadsOptions } from "../src/audit/reads.ts";
import type { InterludeSealer } from "../src/interlude.ts";
import { auditTable } from "./audit-tables.ts";

const patients = auditTable("public.patients", [["id", "int4"]], [0], [0]);
const notes = auditTable(
  "public.notes",
  [
    ["id", "int4"],
    ["patient_id", "int4"],
  ],
  [0],
  [1],
);
const TABLES = [patients, notes];

let dir: string;
let lines = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-reads-"));
  lines = 0;
  write({ message: "hello" });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Line {
  readonly message: string;
  readonly user?: string;
  readonly second?: number;
  readonly number?: number;
  readonly more?: object;
}

function write({ message, user = "dr", second = 0, number, more = {} }: Line): void {
  lines++;
  const at = new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString().replace("T", " ").replace("Z", " UTC");
  const line = { timestamp: at, user, dbname: "hospital", session_id: "6955b900.1", line_num: number ?? lines };
  appendFileSync(join(dir, "pg.json"), `${JSON.stringify({ ...line, session_start: at, message, ...more })}\n`);
}

const select = (object: string, sql: string, statement = 1): string =>
  `AUDIT: SESSION,${statement},1,READ,SELECT,TABLE,${object},"${sql.replaceAll('"', '""')}",<none>`;

/** The part of a ledger that reads see: what was sealed becomes final in order, up to where it is cut. */
class Ledger implements InterludeSealer {
  final: { readonly what: string; readonly at: Position }[] = [];
  sealed: { readonly what: string; readonly at: Position }[] = [];
  position: Position = { lsn: 2n, ordinal: 0 };

  read(
    table: { readonly name: string },
    key: readonly string[] | null,
    who: { readonly actor?: string | null; readonly purpose?: string | null },
  ) {
    this.#add(`${who.actor ?? "?"} ${table.name === "" ? who.purpose : `${table.name} ${key?.join("|") ?? "*"}`}`);
  }

  readPatient(
    table: { readonly name: string },
    column: string,
    value: string,
    who: { readonly actor?: string | null },
  ) {
    this.#add(`${who.actor ?? "?"} ${table.name} ${column}=${value}`);
  }

  #add(what: string): void {
    this.position = { lsn: this.position.lsn, ordinal: this.position.ordinal + 1 };
    this.sealed.push({ what, at: this.position });
  }

  /** The first `count` of what was sealed. */
  take(count: number): void {
    this.final.push(...this.sealed.splice(0, count));
  }

  get known(): Position {
    return this.final.at(-1)?.at ?? { lsn: 0n, ordinal: 0 };
  }

  /** What is not final is lost, and places are given again. */
  crash(): void {
    this.sealed = [];
    this.position = comparePositions(this.known, { lsn: 2n, ordinal: 0 }) > 0 ? this.known : { lsn: 2n, ordinal: 0 };
  }

  get told(): readonly string[] {
    return this.final.map((f) => f.what);
  }
}

const options = (more: Partial<ReadsOptions> = {}): ReadsOptions => ({
  ...{ mode: "pgaudit", log: dir, store: join(dir, "reads.db"), database: "hospital", windowMs: 60_000 },
  who: { applications: [] },
  ...more,
});

const opened: Reads[] = [];
afterEach(() => {
  for (const reads of opened.splice(0)) reads.close();
});

function begin(ledger: Ledger, more: Partial<ReadsOptions> = {}): Reads {
  const reads = openReads(options(more));
  opened.push(reads);
  reads.begin(ledger.known, new Uint8Array(8), TABLES);
  return reads;
}

/** Whether the store names the patient 770077, in its pages and not in its journal. */
function stored(): boolean {
  const path = join(dir, "reads.db");
  const db = new DatabaseSync(path);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return readFileSync(path).includes("770077");
}

async function emitAll(reads: Reads, ledger: Ledger): Promise<void> {
  await sleep(30);
  reads.actorOf(0n, 0); // looks at the log at once
  while (reads.due()) reads.emit(ledger);
}

describe("reads in the server's log become events", () => {
  it("one for each access, not for each statement", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger);
    write({ message: select("public.patients", "select * from patients where id = 7") });
    write({ message: select("public.patients", "select name from patients where id = 7"), second: 5 });
    write({ message: select("public.patients", "select * from patients where id = 7"), second: 5, user: "nurse" });
    write({ message: select("public.patients", "select * from patients where id in (7, 8)"), second: 6 });
    write({ message: select("public.notes", "select * from notes where patient_id = 7"), second: 7 });
    write({ message: select("public.other", "select * from other"), second: 7 });
    write({ message: select("public.patients", "select * from patients where id = 7"), second: 60 });
    await emitAll(reads, ledger);
    ledger.take(99);
    expect(ledger.told).toEqual([
      "anamnesis reads.begin",
      "dr public.patients 7",
      "nurse public.patients 7",
      "dr public.patients 8",
      "dr public.notes patient_id=7",
      "dr public.patients 7",
    ]);
  });

  it("through a view: its tables, without a row, for the view may be called like one of them", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger);
    const sql = "select * from patients where id = 7";
    write({ message: select("pg_temp_3.patients", sql, 4).replace(",TABLE,", ",VIEW,") });
    write({ message: select("public.patients", sql, 4) });
    write({ message: select("public.patients", sql, 5) });
    await emitAll(reads, ledger);
    ledger.take(99);
    expect(ledger.told.slice(1)).toEqual(["dr public.patients *", "dr public.patients 7"]);
  });

  it("not for PostgreSQL's own checks of foreign keys, nor for writes that give nothing back", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger);
    const check = 'SELECT 1 FROM ONLY "public"."patients" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x';
    write({ message: select("public.patients", check) });
    const update = (sql: string) => select("public.patients", sql).replace("READ,SELECT", "WRITE,UPDATE");
    write({ message: update("update patients set id = 1 where id = 1") });
    write({ message: update("update patients set id = 1 returning *") });
    await emitAll(reads, ledger);
    ledger.take(99);
    expect(ledger.told.slice(1)).toEqual(["dr public.patients *"]);
  });

  it("says when lines of a session are missing, and when an entry cannot be told", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger);
    write({ message: "x" });
    write({ message: "y", number: 5 });
    write({ message: "duration: 1 ms  plan:\nQuery Text: select", number: 6, user: "eve" });
    appendFileSync(join(dir, "pg.json"), "what is this\n");
    await emitAll(reads, ledger);
    ledger.take(99);
    expect(ledger.told.slice(1)).toEqual(["dr reads.lines-missing", "eve reads.unreadable"]);
    expect(reads.figures.malformed).toBe(1);
  });

  it("and of a patient who is erased nothing stays but what is not final yet", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger);
    const one = { message: select("public.notes", "select * from notes where patient_id = 770077") };
    write(one);
    await emitAll(reads, ledger);
    const isForgotten = reads.forget();
    expect(isForgotten()).toBe(false);
    ledger.take(99);
    reads.final(ledger.known);
    expect(isForgotten()).toBe(true);
    expect(stored()).toBe(false);
    // Within what was one window it is told again.
    write({ ...one, second: 5 });
    await emitAll(reads, ledger);
    ledger.take(99);
    expect(ledger.told.slice(1)).toEqual(["dr public.notes patient_id=770077", "dr public.notes patient_id=770077"]);
    expect(stored()).toBe(true);
  });

  it("of statements that failed, where the log has only plans of finished ones", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger, { mode: "auto_explain" });
    const failed = (statement: string, state_code = "22012") =>
      write({ message: "no", more: { statement, state_code } });
    failed("select 1/(id - 3) from patients");
    failed("select * from notes", "42501");
    failed("insert into notes values (1)");
    await emitAll(reads, ledger);
    ledger.take(99);
    expect(ledger.told.slice(1)).toEqual(["dr public.patients *"]);
  });

  it("names who wrote a transaction, also when the statement came before the transaction had an id", async () => {
    const ledger = new Ledger();
    const reads = begin(ledger, { who: { applications: ["his"] } });
    const time = Date.UTC(2026, 0, 1) * 1_000;
    write({
      message: "x",
      more: { vxid: "3/7", txid: 0, statement: "update t /* anamnesis actor=alva purpose=TREAT */" },
      user: "his",
    });
    write({ message: "y", more: { vxid: "3/7", txid: 900 }, user: "his" });
    write({ message: "y", more: { vxid: "3/8", txid: 901 } });
    expect(reads.actorOf((5n << 32n) + 900n, time)).toMatchObject({ actor: "alva", purpose: "TREAT" });
    expect(reads.actorOf(901n, time)).toMatchObject({ actor: "dr", purpose: null });
    expect(reads.actorOf(902n, time)).toBeUndefined();
    expect(reads.actorOf(901n, time + 48 * 3_600e6)).toBeUndefined();
  });

  it("each once, wherever capture is killed", async () => {
    const act = fc.constantFrom("read", "read", "read", "emit", "half", "all", "kill", "session");
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
        for (const reads of opened.splice(0)) reads.close();
        rmSync(dir, { recursive: true, force: true });
        dir = mkdtempSync(join(tmpdir(), "anamnesis-reads-"));
        [lines] = [0];
        writeFileSync(join(dir, "pg.json"), "");
        write({ message: "hello" });
        const ledger = new Ledger();
        let reads = begin(ledger);
        let written = 0;
        for (const what of acts) {
          if (what === "read") {
            write({ message: select("public.patients", `select * from patients where id = ${++written}`) });
          } else if (what === "emit") {
            reads.actorOf(0n, 0);
            if (reads.due()) reads.emit(ledger);
          } else if (what === "half") ledger.take(1);
          else if (what === "all") {
            ledger.take(99);
            reads.final(ledger.known);
          } else {
            ledger.crash();
            if (what === "kill") {
              for (const each of opened.splice(0)) each.close();
              reads = begin(ledger);
            } else reads.begin(ledger.known, new Uint8Array(8), TABLES);
          }
        }
        reads.actorOf(0n, 0);
        while (reads.due()) reads.emit(ledger);
        ledger.take(99);
        const expected = Array.from({ length: written }, (_, i) => `dr public.patients ${i + 1}`);
        expect(ledger.told).toEqual(["anamnesis reads.begin", ...expected]);
      }),
      { numRuns: 40 },
    );
  });

  it("says so when the log cannot be read at all", () => {
    expect(() => openReads(options({ log: join(dir, "nowhere", "x.json") }))).toThrow(
      expect.objectContaining({ code: "capture/log-unreadable" }),
    );
  });
});
