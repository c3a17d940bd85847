import { describe, expect, it } from "vitest";
import { matches } from "../src/postgres/catalog.ts";
import { mapSubjects, type SubjectTable } from "../src/subjects.ts";

const table = (name: string, columns: readonly string[], more: Partial<SubjectTable> = {}): SubjectTable => ({
  name,
  columns,
  keyColumns: [0],
  references: [],
  ...more,
});

const tables = [
  table("public.patients", ["id", "name"]),
  table("public.encounters", ["id", "who"], {
    references: [{ column: "who", table: "public.patients", target: "id" }],
  }),
  table("public.notes", ["id", "mrn", "text"]),
  table("public.relatives", ["id", "a", "b"], {
    references: [
      { column: "a", table: "public.patients", target: "id" },
      { column: "b", table: "public.patients", target: "id" },
    ],
  }),
  table("public.rooms", ["id", "beds"]),
];

describe("subjects of tables", () => {
  const { mapping } = mapSubjects(tables);

  it.each([
    ["public.patients", [0], "patients"],
    ["public.encounters", [1], "foreign-key"],
    ["public.notes", [1], "name"],
    ["public.relatives", [1, 2], "foreign-key"],
    ["public.rooms", [], "nobody"],
  ])("finds those of %s", (name, columns, because) => {
    expect(mapping.get(name)).toEqual({ columns, because });
  });

  it("finds the table of patients under an application's own prefix, where others call it so", () => {
    const to = (column: string, target: string) => ({ references: [{ column, table: target, target: "id" }] });
    const found = mapSubjects([
      table("public.gnuhealth_patient", ["id", "blood_type"]),
      table("public.gnuhealth_appointment", ["id", "patient"], to("patient", "public.gnuhealth_patient")),
      table("public.gnuhealth_referral", ["id", "who"], to("who", "public.gnuhealth_patient")),
      table("public.contact_person", ["id", "name"]),
      table("public.orders", ["id", "contact"], to("contact", "public.contact_person")),
    ]).mapping;
    const because = [...found.values()].map((m) => `${m.because} ${m.columns.join(",")}`);
    expect(because).toEqual(["patients 0", "foreign-key 1", "foreign-key 1", "nobody ", "nobody "]);
  });

  it("lets the configuration win and reports what it does not find", () => {
    const configured = mapSubjects(tables, {
      "public.notes": [],
      "public.rooms": ["beds", "ghost"],
      "public.nowhere": ["x"],
    });
    expect(configured.mapping.get("public.notes")).toEqual({ columns: [], because: "configured" });
    expect(configured.mapping.get("public.rooms")).toEqual({ columns: [1], because: "configured" });
    expect(configured.unknown).toEqual(["public.rooms.ghost", "public.nowhere"]);
  });
});

describe("table patterns", () => {
  it.each([
    ["public.*", "public.patients", true],
    ["*.audit_*", "x.audit_log", true],
    ["public.patients", "public.patients", true],
    ["public.patient", "public.patients", false],
    ["public.*", "publicX.a", false],
    ["a+b.*", "a+b.c", true],
  ])("%s on %s", (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });
});
