import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/folder/config.ts";

const config = (reads: string) =>
  parseConfig(`version = 1
chain = "c"
organisation = "o"
[gateway]
host = "127.0.0.1"
port = 1
entries_token = "t"
[source.ehr]
url = "postgres://u@h/d"
[source.ehr.reads]
${reads}`).sources[0]?.reads;

describe("the section about reads", () => {
  it("needs only the log", () => {
    expect(config('log = "/var/log/x"')).toEqual({
      ...{ log: "/var/log/x", mode: "pgaudit", applications: [], windowMs: 60_000 },
      ...{ actor: undefined, purpose: undefined },
    });
    const full = config('log = "l"\nmode = "auto_explain"\napplications = ["his"]\nactor = "^ward (.+)$"\nwindow = 0');
    expect(full).toMatchObject({ mode: "auto_explain", applications: ["his"], windowMs: 0 });
    expect(full?.actor?.exec("ward x")?.[1]).toBe("x");
  });

  it.each([
    ["", "source.ehr.reads.log"],
    ['log = ""', "source.ehr.reads.log"],
    ['log = "l"\nmode = "x"', "source.ehr.reads.mode"],
    ['log = "l"\napplications = "his"', "source.ehr.reads.applications"],
    ['log = "l"\nactor = "("', "source.ehr.reads.actor"],
    ['log = "l"\npurpose = 5', "source.ehr.reads.purpose"],
    ['log = "l"\nwindow = -1', "source.ehr.reads.window"],
    ['log = "l"\nwindow = 100000', "source.ehr.reads.window"],
    ['log = "l"\nhide = ["root"]', "source.ehr.reads.hide"],
  ])("names the setting that is wrong: %j", (text, setting) => {
    expect(() => config(text)).toThrow(expect.objectContaining({ code: "node/bad-config", details: { setting } }));
  });
});
