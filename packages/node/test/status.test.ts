import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProgress, openRowIndex, type TableSchema } from "@anamnesis/capture";
import { afterAll, expect, it } from "vitest";
import { addSource } from "../src/folder/add-source.ts";
import { openFolder } from "../src/folder/folder.ts";
import { initFolder } from "../src/folder/init.ts";
import { sourceLayout } from "../src/folder/layout.ts";
import { statusOf } from "../src/status.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-status-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const table: TableSchema = {
  ...{ name: "public.visits", handle: new Uint8Array(8).fill(3), schemaId: new Uint8Array(8), columns: [] },
  ...{ keyColumns: [], subjectColumns: [], identity: "full", estimate: 0 },
};

it("tells which tables are being gone through, why, and how far", async () => {
  await initFolder({ dir, organisation: "Nord" });
  addSource(openFolder(dir), { name: "ehr", url: "postgres://u:p@localhost/db", tables: ["*.*"], exclude: [] }, {});
  const folder = openFolder(dir);
  expect((await statusOf(folder)).sources).toMatchObject([{ captured: false, goingThrough: [] }]);
  const files = sourceLayout(folder.layout, "ehr");
  openRowIndex(files.index, { source: "ehr" }).close();
  const progress = openProgress(files.progress);
  progress.tables.meet(table, "00");
  progress.tables.setPending(table.handle, "key", { columns: [], keyColumns: [] }, 7);
  progress.tables.setPlace(table.handle, "16384 16384 80");
  const found = async () => (await statusOf(folder)).sources[0]?.goingThrough;
  expect(await found()).toEqual([{ table: "public.visits", why: "key", place: "16384 16384 80" }]);
  progress.tables.setThrough(table.handle, { columns: [], keyColumns: [] });
  expect(await found()).toEqual([]);
  progress.close();
});
