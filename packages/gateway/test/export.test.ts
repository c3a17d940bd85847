import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { openReader } from "@anamnesis/embedded";
import { openNote, parseVerifierKey, verifyLog } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportLog, fileFetcher } from "../src/index.ts";
import { type RunningLog, runningLog } from "./support.ts";

describe("a log as files", () => {
  let log: RunningLog;
  let out: string;
  beforeEach(async () => {
    log = await runningLog();
    out = join(log.dir, "out");
  });
  afterEach(() => log.dispose());
  const verify = () => verifyLog(fileFetcher(out), { primitives: native, contract: testContract });

  it("can be verified by nothing but the files", async () => {
    const { size, root } = await exportLog(log.engine, out, { primitives: native });
    expect(await verify()).toMatchObject({ ok: true, problems: [], size, root, events: 700, trust: "first-use" });
    const key = parseVerifierKey(native, readFileSync(join(out, "log.vkey"), "utf8").trim());
    expect(openNote(native, readFileSync(join(out, "checkpoint"), "utf8"), [key]).verified).toHaveLength(1);
    expect(await fileFetcher(out).genesis()).toEqual(log.fixture.genesis);
    expect(readdirSync(out, { recursive: true }).filter((name) => String(name).endsWith(".new"))).toEqual([]);
  });

  it("grows in place: full tiles stay, and older checkpoints are continued", async () => {
    await exportLog(log.engine, out, { primitives: native });
    const before = readFileSync(join(out, "checkpoint"), "utf8");
    const inode = statSync(join(out, "tile/0/000")).ino;
    await log.engine.submit(log.fixture.command("test.emit", "b", { events: 300 }));
    const again = await exportLog(log.engine, out, { primitives: native });
    expect(again.kept).toBe(4);
    expect(statSync(join(out, "tile/0/000")).ino).toBe(inode);
    const options = { primitives: native, contract: testContract };
    expect(await verifyLog(fileFetcher(out), { ...options, remembered: before })).toMatchObject({ ok: true });
    const rolledBack = { ...options, remembered: readFileSync(join(out, "checkpoint"), "utf8") };
    writeFileSync(join(out, "checkpoint"), before);
    const codes = (await verifyLog(fileFetcher(out), rolledBack)).problems.map((each) => each.code);
    expect(codes).toEqual(["ledger/rolled-back"]);
  });

  it("brings the signed checkpoint behind each block, a page at a time, also when it grows", async () => {
    const { genesis } = log.fixture;
    const reader = await openReader({ dir: join(log.dir, "ledger"), primitives: native, genesis });
    for (let i = 0; i < 258; i++) await log.engine.submit(log.fixture.command("test.put", `k${i % 5}`));
    await exportLog(reader, out, { primitives: native });
    expect(readdirSync(join(out, "notes")).toSorted()).toEqual(["0", "256"]);
    const inode = statSync(join(out, "notes/0")).ino;
    await log.engine.submit(log.fixture.command("test.put", "last"));
    await exportLog(reader, out, { primitives: native });
    expect(statSync(join(out, "notes/0")).ino).toBe(inode);
    const files = fileFetcher(out);
    expect(await files.notes(0)).toEqual(reader.notes(0, 256));
    expect(await files.notes(255)).toEqual(reader.notes(255, 1));
    expect(await files.notes(258)).toEqual(reader.notes(258, 256));
    expect(await files.notes(261)).toEqual([]);
    expect(await files.notes(10_000)).toEqual([]);
    await reader.close();
  });

  it("finds a flipped bit in any file, and names the file", async () => {
    await exportLog(log.engine, out, { primitives: native });
    const files = readdirSync(join(out, "tile"), { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(out, "tile", name)).isFile(),
    );
    expect(files.length).toBeGreaterThan(6);
    for (const name of files) {
      const file = join(out, "tile", name);
      const bytes = readFileSync(file);
      const at = Math.floor(bytes.length / 2);
      writeFileSync(file, bytes.with(at, (bytes[at] ?? 0) ^ 1));
      const { ok, problems } = await verify();
      expect([name, ok, problems[0]?.code, problems[0]?.where]).toEqual([
        name,
        false,
        "ledger/damaged-tile",
        `tile/${name}`,
      ]);
      writeFileSync(file, bytes);
    }
    expect((await verify()).ok).toBe(true);
  });

  it("says what is wrong with a checkpoint or a missing file", async () => {
    await exportLog(log.engine, out, { primitives: native });
    const note = readFileSync(join(out, "checkpoint"), "utf8");
    writeFileSync(join(out, "checkpoint"), note.replace(/\n\d+\n/, "\n5\n"));
    expect((await verify()).problems[0]?.code).toBe("ledger/bad-checkpoint");
    writeFileSync(join(out, "checkpoint"), "nonsense");
    expect((await verify()).problems[0]?.code).toBe("ledger/malformed");
    await expect(fileFetcher(join(out, "nowhere")).checkpoint()).rejects.toMatchObject({ code: "ledger/no-ledger" });
    await expect(fileFetcher(out).tile("../../etc/passwd")).rejects.toMatchObject({ code: "ledger/malformed" });
  });

  it("does not read from devices and pipes that lie there instead of files", async () => {
    mkdirSync(out);
    symlinkSync("/dev/zero", join(out, "checkpoint"));
    await expect(fileFetcher(out).checkpoint()).rejects.toMatchObject({ code: "ledger/malformed" });
    execFileSync("mkfifo", [join(out, "genesis.json")]);
    await expect(fileFetcher(out).genesis()).rejects.toMatchObject({ code: "ledger/malformed" });
    symlinkSync("/dev/zero", join(out, "tile"));
    expect(await fileFetcher(out).tile("tile/0/000")).toBeUndefined();
  });

  it("does not mix two logs, and says when the folder cannot be written", async () => {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, "genesis.json"), "{}");
    await expect(exportLog(log.engine, out, { primitives: native })).rejects.toMatchObject({ code: "ledger/exists" });
    const file = join(log.dir, "file");
    writeFileSync(file, "");
    await expect(exportLog(log.engine, file, { primitives: native })).rejects.toMatchObject({
      code: "gateway/cannot-write",
    });
  });
});
