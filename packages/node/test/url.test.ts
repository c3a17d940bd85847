import { codeOf } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { databaseUrl, shownUrl } from "../src/folder/url.ts";

describe("addresses of databases", () => {
  it("fills in references, percent-encoded inside the address", () => {
    const env = { PW: "a/b@c" };
    // oxlint-disable-next-line no-template-curly-in-string -- the reference is the point
    expect(databaseUrl("postgres://u:${PW}@h/d", env)).toBe("postgres://u:a%2Fb%40c@h/d");
  });

  it("takes a reference that is the whole address as it is", () => {
    // oxlint-disable-next-line no-template-curly-in-string -- the reference is the point
    expect(databaseUrl("${DB}", { DB: "postgresql://h/d" })).toBe("postgresql://h/d");
  });

  it.each([
    // oxlint-disable-next-line no-template-curly-in-string -- the reference is the point
    ["node/missing-variable", "postgres://u:${NOT_SET}@h/d"],
    ["node/bad-url", "oracle://h/d"],
    ["node/bad-url", "no address"],
  ])("says %s", (code, url) => {
    let seen: unknown;
    try {
      databaseUrl(url, {});
    } catch (error) {
      seen = error;
    }
    expect(codeOf(seen)).toBe(code);
  });

  it("shows no password, wherever it stands", () => {
    expect(shownUrl("postgres://u:geheim@h:5433/d?password=geheim&application_name=x")).toBe(
      "postgres://u@h:5433/d?application_name=x",
    );
    // oxlint-disable-next-line no-template-curly-in-string -- the reference is the point
    expect(shownUrl("${DB}")).not.toContain("DB");
  });
});
