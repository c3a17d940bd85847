import { codeOf } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/folder/config.ts";
import { configText, sourceText } from "../src/folder/config-text.ts";

const head = configText({ chain: "nord", organisation: "nord", displayName: "Nord", port: 8420, entriesToken: "t0" });
const source = (over = {}) =>
  sourceText({ name: "ehr", url: "postgres://u:p@h/d", tables: ["public.*"], exclude: [], ...over }, "token");

const codeFrom = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return codeOf(error);
  }
  return "nothing thrown";
};

describe("anamnesis.toml", () => {
  it("reads what we write", () => {
    const config = parseConfig(head + source({ exclude: ["public.tmp_*"] }));
    expect(config.gateway).toEqual({ host: "127.0.0.1", port: 8420, entriesToken: "t0" });
    const limits = { warnBytes: 2 ** 30, giveUpBytes: 2 ** 33 };
    expect(config.sources).toEqual([
      { name: "ehr", url: "postgres://u:p@h/d", tables: ["public.*"], exclude: ["public.tmp_*"], subjects: {}, limits },
    ]);
  });

  it("keeps any address and pattern, whatever characters it holds", () => {
    const text = fc.string({ minLength: 1, unit: "grapheme" }).filter((t) => t.isWellFormed());
    fc.assert(
      fc.property(text, fc.array(text), (url, tables) => {
        const read = parseConfig(head + source({ url, tables })).sources[0];
        expect(read?.url).toBe(url);
        expect(read?.tables).toEqual(tables);
      }),
    );
  });

  it("reads the patient columns that people add", () => {
    const config = parseConfig(`${head}${source()}subjects = { "public.visits" = ["pat_no"], "public.beds" = [] }\n`);
    expect(config.sources[0]?.subjects).toEqual({ "public.visits": ["pat_no"], "public.beds": [] });
  });

  it("reads how much of its log the database may keep, and warns half-way where only the end is said", () => {
    const limits = (text: string) => parseConfig(`${head}${source()}${text}`).sources[0]?.limits;
    expect(limits('wal_warn = "64MB"\nwal_give_up = "2 TB"\n')).toEqual({ warnBytes: 2 ** 26, giveUpBytes: 2 ** 41 });
    expect(limits('wal_give_up = "512MB"\n')).toEqual({ warnBytes: 2 ** 28, giveUpBytes: 2 ** 29 });
  });

  it.each([
    'wal_give_up = "0GB"',
    'wal_give_up = "8 gigabytes"',
    "wal_give_up = 8",
    'wal_warn = "9GB"',
    'wal_warn = "1MB"',
  ])("refuses the limit %s", (text) => {
    expect(codeFrom(() => parseConfig(`${head}${source()}${text}\n`))).toBe("node/bad-config");
  });

  it.each([
    ["not TOML", "version = = 1"],
    ["another version", head.replace("version = 1", "version = 2")],
    ["no chain", head.replace('chain = "nord"', "")],
    ["a port out of range", head.replace("port = 8420", "port = 84200")],
    ["tables that are no list", head + source().replace('["public.*"]', '"public.*"')],
    ["a source that is no section", `${head.replace("[gateway]", "source = 3\n[gateway]")}`],
  ])("refuses %s and names the place", (_, text) => {
    expect(codeFrom(() => parseConfig(text))).toBe("node/bad-config");
  });

  it("does not repeat the damaged line, which may hold a password", () => {
    const broken = head + source({ url: "postgres://u:geheim@h/d" }).replace('h/d"', "h/d");
    expect(codeFrom(() => parseConfig(broken))).toBe("node/bad-config");
    expect(() => parseConfig(broken)).not.toThrow(/geheim/);
  });

  it("refuses names outside the grammar", () => {
    expect(codeFrom(() => parseConfig(head + source({ name: '"EHR 1"' })))).toBe("core/bad-identifier");
  });
});
