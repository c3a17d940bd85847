import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { findBinaries, linkFolder } from "../src/postgres/binaries.ts";
import { chooseIdentity, command, type Identity } from "../src/postgres/identity.ts";
import { candidates, isFree } from "../src/postgres/ports.ts";
import { isServerOf, readPidFile } from "../src/postgres/process.ts";
import { findInstalled, preferred, versionOfData } from "../src/postgres/version.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-starter-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("identity", () => {
  const binaries = { initdb: "i", postgres: "p", env: {} };
  const only =
    (...works: Identity[]) =>
    (identity: Identity) =>
      works.includes(identity);

  test("an ordinary user needs no detour, root takes the first that works", () => {
    expect(chooseIdentity(binaries, dir, 1000, only())).toBe("plain");
    expect(chooseIdentity(binaries, dir, 0, only("namespace", "nobody"))).toBe("namespace");
    expect(chooseIdentity(binaries, dir, 0, only("nobody"))).toBe("nobody");
  });

  test("root without a detour is told what to do", () => {
    const refused = () => chooseIdentity(binaries, dir, 0, only());
    expect(refused).toThrow(expect.objectContaining({ code: "sandbox/root-refused" }));
    expect(refused).toThrow(/ordinary user/);
  });

  test("each identity is a command", () => {
    expect(command("plain", "x", ["-D", "d"])).toEqual({ file: "x", args: ["-D", "d"], ids: {} });
    expect(command("namespace", "x", ["-D"]).args.slice(-2)).toEqual(["x", "-D"]);
    expect(command("nobody", "x", []).ids).toEqual({ uid: 65534, gid: 65534 });
  });
});

describe("failures get a code by their words", () => {
  test.each([
    ["could not write file: No space left on device", "sandbox/disk-full"],
    ["could not bind IPv4 address: Address already in use", "sandbox/port-busy"],
    ["initdb: could not create directory: Permission denied", "sandbox/no-access"],
    [Object.assign(new Error("x"), { code: "EROFS" }), "sandbox/no-access"],
    ["something else", undefined],
  ])("%s", (text, code) => {
    expect(classify(text)).toBe(code);
  });
});

describe("ports", () => {
  test("a listened-on port is not free", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await isFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await isFree(port)).toBe(true);
  });

  test("the port of last time comes first, then a fixed order with an end", () => {
    const all = [...candidates(6000)];
    expect(all.slice(0, 3)).toEqual([6000, 54320, 54321]);
    expect(all).toHaveLength(401);
  });
});

describe("which PostgreSQL", () => {
  test("the newest, unless the environment names a version or the folder of a package", () => {
    expect(preferred("")).toEqual(findInstalled(18));
    expect(preferred("18")).toEqual(findInstalled(18));
    expect(preferred(dirname(findInstalled(18).native))).toEqual(findInstalled(18));
  });

  test.each(["13", "eighteen", "/nowhere", "."])("%j is refused with what to give instead", (named) => {
    expect(() => preferred(named)).toThrow(expect.objectContaining({ code: "sandbox/no-postgres" }));
    expect(() => preferred(named)).toThrow(/14, 15, 16, 17, 18/);
  });

  test.each([
    ["14\n", 14],
    ["18\n", 18],
    ["9.6\n", undefined],
    ["", undefined],
  ])("data written by %j", (text, version) => {
    expect(versionOfData(dir)).toBeUndefined();
    writeFileSync(join(dir, "PG_VERSION"), text);
    expect(versionOfData(dir)).toBe(version);
  });
});

describe("the server's pid file", () => {
  test.each(["", "garbage\n", "-5\n", "1\n", "1e999\n", "\n\n\n"])("%j is no server", (text) => {
    writeFileSync(join(dir, "postmaster.pid"), text);
    expect(readPidFile(dir)).toBeUndefined();
  });

  test("is ready only when it says so", () => {
    const lines = ["4242", "/d", "1", "5432", "", "127.0.0.1", "1 2"];
    writeFileSync(join(dir, "postmaster.pid"), lines.join("\n"));
    expect(readPidFile(dir)).toEqual({ pid: 4242, ready: false });
    writeFileSync(join(dir, "postmaster.pid"), [...lines, "ready   ", ""].join("\n"));
    expect(readPidFile(dir)).toEqual({ pid: 4242, ready: true });
  });

  test("a living process that is something else is not the server", () => {
    expect(isServerOf(process.pid, dir)).toBe(process.platform !== "linux");
  });
});

test("with read-only packages a folder of links stands in for the missing ones", () => {
  const { postgres } = findBinaries(findInstalled(18).native, join(dir, "unused"));
  const native = join(dir, "native");
  for (const part of ["bin", "lib", "pg-symlinks.json"])
    cpSync(join(dirname(postgres), "..", part), join(native, part), {
      recursive: true,
      filter: (path) => !lstatSync(path).isSymbolicLink() && !path.endsWith(".a"),
    });
  const program = join(native, "bin", "postgres");
  const run = (env: Record<string, string>) => spawnSync(program, ["--version"], { env, encoding: "utf8" });
  expect(run({}).stderr).toContain("cannot open shared object file");
  const links = linkFolder(native, join(dir, "links"));
  expect(execFileSync(program, ["--version"], { env: { LD_LIBRARY_PATH: links }, encoding: "utf8" })).toContain("18.4");
});
