import { AnamnesisError } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { textsFor } from "../src/language.ts";
import { failureLines, failureOf } from "../src/output/failure.ts";
import { progressLine } from "../src/output/progress.ts";
import { makeSession, toJson } from "../src/output/session.ts";
import { styleFor } from "../src/output/style.ts";
import { cut, table } from "../src/output/table.ts";
import { waitingNotes } from "../src/output/waiting.ts";
import { screenFor } from "../src/start/screen.ts";
import type { VerifyLoop } from "../src/start/verify-loop.ts";

describe("tables", () => {
  it("align, wide characters counted double", () => {
    expect(
      table([
        ["a", "b"],
        ["北方", "c"],
        ["abcde", "d"],
      ]),
    ).toEqual(["a      b", "北方   c", "abcde  d"]);
  });

  it("let nothing from the database move the cursor", () => {
    expect(table([["a\u001b[2Jb\tc\n"]])).toEqual(["a·[2Jb·c·"]);
  });

  it("cut long cells where asked", () => {
    expect(table([["abcdefgh"]], 5)).toEqual(["abcd…"]);
  });
});

describe("failures", () => {
  const texts = textsFor("en");

  it("say what is wrong and what to do", () => {
    const error = new AnamnesisError("ledger/locked", "process 12 holds it", { folder: "x" });
    const failure = failureOf(error, texts);
    expect(failure.code).toBe("ledger/locked");
    expect(failure.message).toContain(": process 12 holds it (folder: x)");
    expect(failureLines(failure, texts).at(-1)).toBe("  [ledger/locked]");
  });

  it("do not say the same sentence twice, and keep what is new", () => {
    const said = (code: `${string}/${string}`, message: string) =>
      failureOf(new AnamnesisError(code, message), texts).message;
    expect(said("ledger/locked", "another process orders this ledger: stop it")).toBe(
      texts.errors["ledger/locked"].text,
    );
    expect(said("node/no-folder", "there is no Anamnesis data folder here")).toBe("This is not a data folder");
    expect(said("capture/cannot-connect", "the password is wrong for this role")).toContain(": the password is wrong");
    expect(said("node/bad-config", "line 3")).toContain("line 3");
    expect(said("cli/unreadable-file", "cannot read genesis.json")).toContain("genesis.json");
    const port = new AnamnesisError("gateway/port-busy", "port 8420 is in use: choose another one", { port: 8420 });
    expect(failureOf(port, texts).message).toBe("The port is in use (port: 8420)");
    const zh = failureOf(new AnamnesisError("ledger/locked", "another process orders this ledger"), textsFor("zh"));
    expect(zh.message).toBe(textsFor("zh").errors["ledger/locked"].text);
  });

  it("tell nothing of a foreign error", () => {
    const failure = failureOf(new Error("password=geheim patient Meier"), texts);
    expect(failure.code).toBe("internal");
    expect(JSON.stringify(failure)).not.toMatch(/geheim|Meier/);
  });

  it("pass on a refusal with a code of a newer module", () => {
    expect(failureOf(new AnamnesisError("consent/withdrawn", "no"), texts).code).toBe("consent/withdrawn");
  });
});

describe("one of a thing", () => {
  it("is not a plural", () => {
    const { log, verify } = textsFor("en");
    expect(log.counts(1, 1, 2)).toBe("1 block, 1 command, 2 events");
    expect([log.problems(1), verify.found(1), log.ok(1, "r")]).toEqual([
      "1 problem",
      "1 finding",
      "Sound: 1 leaf, root r",
    ]);
  });
});

describe("the live view", () => {
  it("leaves nothing of a progress line above its figures, nor wraps", () => {
    let written = "";
    const stream = { isTTY: true, columns: 30, write: (text: string) => (written += text) && true };
    const out = stream as unknown as NodeJS.WriteStream;
    const { signal } = new AbortController();
    const session = makeSession({ texts: textsFor("zh"), json: false, signal, streams: { out, err: out }, env: {} });
    const screen = screenFor(session, out, [], "http://127.0.0.1:1");
    const loop = { last: undefined, done: Promise.resolve() } as unknown as VerifyLoop;
    const live = { events: 1, eventsPerSecond: 0, lagMs: 0, unknownActors: 0, wardWrites: 0, upMs: 0 };
    const checkpoint = { size: 1, root: "0123456789abcdef0123" };
    session.progress.show("snapshot", 1, 0);
    written = "";
    screen.draw({ ...live, checkpoint }, loop);
    expect(written.startsWith("\r\u001b[K")).toBe(true);
  });

  it("cuts by cells, not by characters", () => {
    expect([cut("北方医院", 5), cut("abc", 2), cut("abc", 9)]).toEqual(["北方", "ab", "abc"]);
  });
});

describe("small things", () => {
  it("bars", () => {
    expect(progressLine("t", 50, 100)).toBe(`${"█".repeat(12)}${"░".repeat(12)}  50 %  t  50 / 100`);
    expect(progressLine("t", 5, 0)).toBe("t  5");
    expect(progressLine("t", 200, 100)).toContain("100 %");
  });

  it("colour only where wanted", () => {
    expect(styleFor({ isTTY: true }, {}).good("x")).not.toBe("x");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).good("x")).toBe("x");
    expect(styleFor({}, {}).good("x")).toBe("x");
  });

  it("JSON of 64-bit numbers and bytes", () => {
    expect(toJson({ a: 2n ** 60n, b: new Uint8Array([1, 255]) })).toBe('{"a":"1152921504606846976","b":"01ff"}');
  });
});

describe("why capture waits", () => {
  it.each(["en", "zh"] as const)("is said once with what to do, and so is that it goes on (%s)", (language) => {
    const said: string[] = [];
    const texts = textsFor(language);
    const tell = waitingNotes("west", { texts, note: (line) => said.push(line) });
    const suspended = { phase: "waiting", code: "ledger/key-suspended", events: 5 } as const;
    for (let i = 0; i < 3; i++) tell(suspended);
    tell({ phase: "streaming", events: 5 }); // a new session, in which nothing was submitted yet
    tell(suspended);
    tell({ phase: "streaming", events: 6 });
    tell({ phase: "streaming", events: 7 });
    const { text, remedy } = texts.errors["ledger/key-suspended"];
    expect(said).toEqual([
      texts.organisations.waits("west", text, remedy, "ledger/key-suspended"),
      texts.organisations.capturesOn("west"),
    ]);
    tell({ ...suspended, code: "ledger/busy" });
    expect(said).toHaveLength(3);
  });
});
