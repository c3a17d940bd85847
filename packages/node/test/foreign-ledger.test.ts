import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openFolder } from "../src/folder/folder.ts";
import { initFolder } from "../src/folder/init.ts";
import { openEngine, openLog } from "../src/index.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-foreign-"));
afterAll(() => rmSync(dir, { recursive: true }));

it("refuses a ledger with other keys that was put in the place of the folder's, also where nothing is written", async () => {
  const [ours, theirs] = [join(dir, "ours"), join(dir, "theirs")];
  for (const folder of [ours, theirs]) await initFolder({ dir: folder, organisation: "Hospital Nord" });
  const [folder, other] = [openFolder(ours), openFolder(theirs)];
  await (await openLog(folder)).close();
  rmSync(folder.layout.ledger, { recursive: true });
  cpSync(other.layout.ledger, folder.layout.ledger, { recursive: true });
  await expect(openLog(folder)).rejects.toMatchObject({ code: "ledger/wrong-chain" });
  await expect(openEngine(folder)).rejects.toMatchObject({ code: expect.stringMatching(/^ledger\//) });
});
