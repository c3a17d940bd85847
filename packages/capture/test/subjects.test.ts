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
