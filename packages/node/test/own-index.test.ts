import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openOwnIndex } from "../src/own-index.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-index-"));
afterAll(() => rmSync(dir, { recursive: true }));

it("sets a damaged index aside and starts anew", () => {
  const path = join(dir, "index.db");
  writeFileSync(path, "this is not an index".repeat(500));
  const index = openOwnIndex(path, "ehr");
  expect(index.appliedTo()).toBe(0);
  index.close();
  expect(existsSync(`${path}.unusable`)).toBe(true);
});
