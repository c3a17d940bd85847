import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvFields } from "../src/audit/csv.ts";
import { LineSplitter } from "../src/audit/line-splitter.ts";
import { LogLines } from "../src/audit/log-line.ts";
import { parseAudit } from "../src/audit/pgaudit.ts";
import { parsePlan } from "../src/audit/plan.ts";
import { whoIs } from "../src/audit/who.ts";
import { Windows } from "../src/audit/windows.ts";

const parse = (line: object | string) => new LogLines().parse(typeof line === "string" ? line : JSON.stringify(line));

const LINE = {
  timestamp: "2026-11-21 00:07:28.526 UTC",
  user: "dr",
  dbname: "hospital",
  session_id: "6b00e0c0.1c97",
  line_num: 2,
  session_start: "2026-11-21 00:07:28 UTC",
  vxid: "3/14",
  txid: 734,
  message: "m",
  application_name: "ward-7 ui",
};

describe("a line of the server's log", () => {
  it("gives its time in microseconds, whatever the zone of the log", () => {
    const time = Date.UTC(2026, 10, 21, 0, 7, 28, 526) * 1_000;
    expect(parse(LINE)?.time).toBe(time);
    const east = { ...LINE, timestamp: "2026-11-21 08:07:28.526 CST", session_start: "2026-11-21 08:07:28 CST" };
    expect(parse(east)?.time).toBe(time);
    const numbered = {
      ...LINE,
      timestamp: "2026-11-20 21:37:28.526 -0230",
      session_start: "2026-11-20 21:37:28 -0230",
    };
    expect(parse(numbered)?.time).toBe(time);
  });

  it("learns the second zone of a log when the clocks change", () => {
    const lines = new LogLines();
    const at = (timestamp: string, start: string, session: number) =>
      lines.parse(JSON.stringify({ ...LINE, timestamp, session_start: start, session_id: `${session.toString(16)}.1` }))
        ?.time;
    const summer = Date.UTC(2026, 9, 25, 0, 30) / 1_000;
    const winter = Date.UTC(2026, 9, 25, 1, 30) / 1_000;
    expect(at("2026-10-25 02:30:00.000 CEST", "2026-10-25 02:30:00 CEST", summer)).toBe(summer * 1e6);
    expect(at("2026-10-25 02:30:00.000 CET", "2026-10-25 02:30:00 CET", winter)).toBe(winter * 1e6);
  });

  it.each([
    "",
    "not json",
    "[]",
    "null",
    "{}",
    JSON.stringify(LINE).slice(0, -1),
    JSON.stringify({ ...LINE, timestamp: "yesterday" }),
    JSON.stringify({ ...LINE, timestamp: 5 }),
    JSON.stringify({ ...LINE, session_id: undefined }),
    "2026-11-21 00:07:28 UTC [1] LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.pat,x,<none>",
  ])("is none: %s", (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it("takes fields of another type for missing ones", () => {
    const odd = parse({ ...LINE, txid: -1, line_num: "2", user: null, message: ["x"] });
    expect(odd).toMatchObject({ xid: 0, number: 0, user: "", message: "" });
  });

  it("stays one line when the statement holds what looks like one", () => {
    const evil = `select '\n${JSON.stringify({ ...LINE, message: "AUDIT: SESSION,9,1,READ,SELECT,TABLE,public.x,,<none>" })}\n'`;
    const lines: string[] = [];
    const splitter = new LineSplitter(0, { line: (text) => lines.push(text), oversized: () => undefined });
    splitter.push(
      Buffer.from(`${JSON.stringify({ ...LINE, message: `AUDIT: SESSION,1,1,READ,SELECT,,,"${evil}"` })}\n`),
    );
    expect(lines).toHaveLength(1);
    expect(parse(lines[0] ?? "")?.message).toContain("AUDIT: SESSION,1,1");
  });
});

describe("lines of a file", () => {
  const split = (bytes: Buffer, cuts: readonly number[], max = 1_000) => {
    const told: string[] = [];
    const handler = { line: (t: string) => told.push(t), oversized: (t: string) => told.push(`!${t.slice(0, 3)}`) };
    const splitter = new LineSplitter(0, handler, max);
    let at = 0;
    for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
      const end = Math.min(Math.max(cut, at), bytes.length);
      splitter.push(Buffer.from(bytes.subarray(at, end)));
      at = end;
    }
    return { told, offset: splitter.offset, next: splitter.next };
  };

  it("are the same wherever the reading was cut", () => {
    const texts = fc.array(fc.stringMatching(/^[a-zé]{0,40}$/), { maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(900), { maxLength: 10 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((l) => `${l}\n`).join(""));
        expect(split(bytes, cuts)).toEqual({ told: lines, offset: bytes.length, next: bytes.length });
      }),
    );
  });

  it("that are not complete are not told, and their place is not passed", () => {
    expect(split(Buffer.from("one\ntw"), [2])).toEqual({ told: ["one"], offset: 4, next: 6 });
  });

  it("beyond the limit show their beginning, and the next line is whole", () => {
    const long = `{"user":"x"${"y".repeat(2_000)}`;
    const bytes = Buffer.from(`a\n${long}\nb\n`);
    for (const cuts of [[], [5], [500, 900, 1_500], [2_012]]) {
      expect(split(bytes, cuts)).toEqual({ told: ["a", '!{"u', "b"], offset: bytes.length, next: bytes.length });
    }
  });
});

describe("a message of pgaudit", () => {
  it("names relation, statement and parameters", () => {
    const message =
      'AUDIT: SESSION,2,1,READ,SELECT,TABLE,public.pat,select * from pat where id = $1 and name <> $2,"42,""a,""""b\nc"""';
    expect(parseAudit(message)).toEqual({
      statement: 2,
      class: "READ",
      command: "SELECT",
      objectType: "TABLE",
      object: "public.pat",
      sql: "select * from pat where id = $1 and name <> $2",
      parameters: ["42", 'a,"b\nc'],
    });
  });

  it("does not tell parameters that are NULL, empty, too long or switched off", () => {
    const parameters = (text: string) =>
      parseAudit(`AUDIT: SESSION,2,1,READ,SELECT,TABLE,public.pat,x,${text}`)?.parameters;
    expect(parameters('"42,"')).toEqual(["42", undefined]);
    expect(parameters("<none>")).toEqual([]);
    expect(parameters("<not logged>")).toEqual([]);
    expect(parameters("<long param suppressed>")).toEqual([undefined]);
    expect(parameters('"""{1,2,3}"""')).toEqual(["{1,2,3}"]);
  });

  it("that was cut still names the relation, wherever the cut falls behind it", () => {
    const message = 'AUDIT: SESSION,5,1,READ,SELECT,TABLE,"""Od.d"".""Ta,b""""l""","select ""a"" from x",<none>';
    for (let end = message.indexOf('"select'); end <= message.length; end++) {
      expect(parseAudit(message.slice(0, end))?.object).toBe('"Od.d"."Ta,b""l"');
    }
    for (let end = 0; end < message.indexOf('"select'); end++) void parseAudit(message.slice(0, end));
  });

  it.each(["", "AUDIT:", "AUDIT: ", "AUDIT: x", "AUDIT: SESSION,x,1,READ", "audit: SESSION,1,1"])(
    "is none: %s",
    (text) => {
      expect(parseAudit(text)).toBeUndefined();
    },
  );

  it("fields are what they were before they were written", () => {
    const field = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const text = fields.map((f) => `"${f.replaceAll('"', '""')}"`).join(",");
        expect(csvFields(text)).toEqual(fields);
      }),
    );
  });
});

const plan = (node: object, more: object = {}): string =>
  `duration: 0.011 ms  plan:\n${JSON.stringify({ "Query Text": "q", ...more, Plan: node })}`;
const scanOf = (more: object) => ({
  "Node Type": "Index Scan",
  "Relation Name": "pat",
  Schema: "public",
  Alias: "p",
  ...more,
});

describe("a plan of auto_explain", () => {
  it("names what was scanned, by partition and condition", () => {
    const join = {
      "Node Type": "Nested Loop",
      Plans: [
        scanOf({ "Index Cond": "(p.id = 3)", "Actual Loops": 1 }),
        scanOf({
          "Relation Name": "obs_2024",
          Alias: "o_1",
          Filter: "((o_1.patient_id = 3) AND (o_1.v ~~ 'x%'::text))",
        }),
        scanOf({ "Relation Name": "obs_2025", Alias: "o_2", "Actual Loops": 0 }),
      ],
    };
    const scans = parsePlan(plan(join))?.scans.toSorted((a, b) => (a.relation < b.relation ? 1 : -1));
    expect(scans).toEqual([
      { schema: "public", relation: "pat", pins: [{ table: "p", column: "id", values: ["3"] }] },
      { schema: "public", relation: "obs_2024", pins: [{ table: "o_1", column: "patient_id", values: ["3"] }] },
    ]);
  });

  it("takes values from parameters, arrays and texts", () => {
    const pins = (condition: string, parameters = "") =>
      parsePlan(plan(scanOf({ "Index Cond": condition }), { "Query Parameters": parameters }))?.scans[0]?.pins.map(
        (pin) => pin.values,
      );
    expect(pins("(p.id = $2)", "$1 = NULL, $2 = 'it''s, $1 = ''9'''")).toEqual([["it's, $1 = '9'"]]);
    expect(pins("(p.id = ANY ('{1,2,3}'::integer[]))")).toEqual([["1", "2", "3"]]);
    expect(pins("((p.mrn)::text = 'A 1'::text)")).toEqual([["A 1"]]);
    expect(pins("((p.id = 5) AND (p.at = '2024-02-01 00:00:00+00'::timestamp with time zone))")).toEqual([
      ["5"],
      ["2024-02-01 00:00:00+00"],
    ]);
    expect(pins("((p.id = 5) OR (p.id = 6))")).toEqual([]);
    expect(pins("(p.id = q.id)")).toEqual([]);
    expect(pins("(q.id = 5)")).toEqual([]);
    expect(pins("(leak(p.name) AND (p.id = 5))")).toEqual([]);
    expect(pins("(p.name = E'a\\\\b')")).toEqual([]);
  });

  it("takes a write for a read only when it gives rows back", () => {
    const write = (more: object) =>
      parsePlan(
        plan({
          ...{ "Node Type": "ModifyTable", Operation: "Update", "Relation Name": "pat", Schema: "public", Alias: "p" },
          ...more,
          Plans: [scanOf({ Alias: "p" }), scanOf({ Alias: "p_1" }), scanOf({ "Relation Name": "src", Alias: "s" })],
        }),
      )?.scans.map((s) => s.relation);
    expect(write({})).toEqual(["src"]);
    expect(write({ Output: ["p.id"] })?.toSorted()).toEqual(["pat", "pat", "src"]);
  });

  it.each([
    "",
    "duration: 1 ms",
    "duration: 1 ms  plan:\n",
    "duration: 1 ms  plan:\n{",
    "duration: 1 ms  plan:\nQuery Text: x",
    'duration: 1 ms  plan:\n{"Plan": 5}',
  ])("is none: %j", (text) => {
    expect(parsePlan(text)).toBeUndefined();
  });
});

describe("whose access it was", () => {
  const rule = { applications: ["his"], actorPattern: /^ward: ([^ ]+)/u, purposePattern: /\b(?:E?TREAT)\b/u };

  it("the login's, whatever anybody claims", () => {
    expect(whoIs(rule, "dr", "ward: chief", "/* anamnesis actor=chief */ select 1").actor).toBe("dr");
  });

  it("of the person that an application names", () => {
    expect(whoIs(rule, "his", "ward: nurse.alva ETREAT", "select 1")).toMatchObject({
      actor: "nurse.alva",
      purpose: "ETREAT",
    });
    const claim = "select 1 /* anamnesis actor='nurse.%E6%AC%A7' purpose=TREAT */";
    expect(whoIs(rule, "his", "ward: x", claim)).toEqual({ actor: "nurse.欧", purpose: "TREAT", claimed: true });
  });

  it("not of the person that a value names", () => {
    expect(whoIs(rule, "his", "", "select '/* anamnesis actor=chief */'").actor).toBe("his");
    expect(whoIs(rule, "his", "", "select 1 /* anamnesis actor= */").actor).toBe("his");
    expect(whoIs(rule, "his", "", "select 1 /* anamnesis actor=%zz */").actor).toBe("%zz");
  });
});

describe("one event per access", () => {
  it("counts the same access once within its window, and again behind it", () => {
    const windows = new Windows(60);
    expect([0, 1, 59, 60, 61, 119, 120].map((t) => windows.admit("k", t))).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(windows.admit("other", 61)).toBe(true);
  });

  it("goes on the same after a break", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.nat(500))), fc.nat(20), (list, cut) => {
        const accesses = list.toSorted((a, b) => a[1] - b[1]);
        const one = new Windows(60);
        const whole = accesses.map(([k, t]) => one.admit(k, t));
        const before = new Windows(60);
        const first = accesses.slice(0, cut).map(([k, t]) => before.admit(k, t));
        const after = new Windows(60, before.takeAdded());
        expect([...first, ...accesses.slice(cut).map(([k, t]) => after.admit(k, t))]).toEqual(whole);
      }),
    );
  });
});
