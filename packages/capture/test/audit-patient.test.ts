import { handles } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { describe, expect, it } from "vitest";
import { patientHandle, patientName, patientOfHandle } from "../src/audit/patient-handle.ts";
import { RowWriter } from "../src/postgres/canonical.ts";
import { auditTable } from "./audit-tables.ts";

const named = handles(native, new Uint8Array(32).fill(3));
const table = auditTable(
  "public.notes",
  [
    ["id", "int4"],
    ["patient_id", "text"],
  ],
  [0],
  [1],
);

describe("the handle of a patient's rows", () => {
  it("tells the patient to whoever has its name and the key", () => {
    const row = patientHandle(named, table.handle, "patient_id", "5\t\n=6");
    expect(patientOfHandle(named, table, row, patientName("patient_id", "5\t\n=6"))).toBe("5\t\n=6");
    for (const name of ["patient_id=5", "id=5\t\n=6", "patient_id", undefined]) {
      expect(patientOfHandle(named, table, row, name)).toBeUndefined();
    }
  });

  it("is no row's handle, whatever the key", () => {
    const row = patientHandle(named, table.handle, "patient_id", "5");
    const writer = new RowWriter();
    for (const key of [["patient_id", "5"], ["\npatient_id", "5"], ["\npatient_id\t5"], [""]]) {
      for (const keyTag of [undefined, "2", "patient_id", '["patient_id\\t5"]']) {
        const bytes = writer.key(
          key.map((k) => Buffer.from(k)),
          { keyColumns: key.map((_, i) => i), keyTag },
        );
        expect(named.row(table.handle, bytes)).not.toEqual(row);
      }
    }
  });
});
