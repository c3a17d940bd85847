/** Founding together, joining, deciding, and keys: as people do it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { anamnesis } from "./process.ts";

const base = mkdtempSync(join(tmpdir(), "anamnesis-members-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string) => join(base, name);

async function ok(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await anamnesis([...args, "--json"]);
  expect([args.join(" "), code, err]).toEqual([args.join(" "), 0, expect.any(String)]);
  return JSON.parse(out) as Record<string, unknown>;
}

async function refusal(...args: string[]): Promise<unknown> {
  const { code, out } = await anamnesis([...args, "--json"]);
  expect(code).toBe(2);
  return (JSON.parse(out) as { error: { code: string } }).error.code;
}

describe("founding a ledger together", () => {
  it("takes the signature of each founder, and no key but public ones travels", async () => {
    const names = ["Nord", "Sued", "West"] as const;
    const [nord, sued, west] = names.map((name) => at(`f-${name}`)) as [string, string, string];
    for (const [i, name] of names.entries()) {
      await ok("init", [nord, sued, west][i] ?? "", "--org", name, "--join", "--chain", "common");
    }
    expect(await refusal("members", "--dir", nord)).toBe("node/no-genesis");
    const file = at("genesis.json");
    const others = [sued, west].map((dir) => join(dir, "organisation.json"));
    const proposed = await ok("genesis", "propose", ...others, "--dir", nord, "--out", file);
    expect(proposed).toMatchObject({ organisations: ["nord", "sued", "west"], missing: ["sued", "west"] });
    expect(await refusal("init", nord, "--genesis", file)).toBe("ledger/bad-genesis");
    await ok("genesis", "sign", file, "--dir", sued);
    expect(await ok("genesis", "sign", file, "--dir", west)).toMatchObject({ missing: [] });
    expect(await ok("init", nord, "--genesis", file)).toMatchObject({ orders: true });
    expect(await ok("init", sued, "--genesis", file)).toMatchObject({ orders: false });
    expect(await refusal("init", sued, "--genesis", file)).toBe("node/already-made");
    expect(await refusal("node", "--dir", sued)).toBe("node/no-orderer");
    expect(await refusal("members", "--dir", sued)).toBe("ledger/no-ledger");
    const members = await ok("members", "--dir", nord);
    expect(members).toMatchObject({ chain: "common", own: "nord", epoch: 0, proposals: [] });
    expect(existsSync(join(sued, "keys", "log.key"))).toBe(false);
    const secrets = [nord, sued, west].flatMap((dir) =>
      readdirSync(join(dir, "keys")).map((key) => readFileSync(join(dir, "keys", key), "utf8").trim()),
    );
    for (const text of [file, ...others].map((path) => readFileSync(path, "utf8"))) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });
});

describe("members of a ledger", () => {
  it("are proposed, admitted and shown; persons are vouched for; keys are rotated", async () => {
    const [nord, sued] = [at("nord"), at("sued")];
    await ok("init", nord, "--org", "Nord");
    await ok("init", sued, "--org", "Sued", "--join", "--chain", "nord");
    // The only organisation decides alone.
    expect(await ok("propose", "join", join(sued, "organisation.json"), "--dir", nord)).toMatchObject({
      proposal: null,
    });
    expect(await ok("members", "--dir", nord)).toMatchObject({
      epoch: 1,
      organisations: [
        { id: "nord", status: "active" },
        { id: "sued", name: "Sued", status: "active" },
      ],
    });
    expect(await ok("propose", "suspend", "sued", "--dir", nord)).toMatchObject({ proposal: 1 });
    expect(await ok("members", "--dir", nord)).toMatchObject({
      proposals: [{ number: 1, action: "suspend", about: "sued", yes: ["nord"], counted: 1, voters: 1 }],
    });
    expect(await refusal("vote", "1", "--dir", nord)).toBe("registry/no-change");
    expect(await ok("vote", "1", "--against", "--dir", nord)).toMatchObject({ decided: false });
    expect(await refusal("propose", "remove", "nobody", "--dir", nord)).toBe("registry/unknown-organisation");
    expect(await ok("propose", "policy", "--days", "3", "--rules", "3/4", "--dir", nord)).toMatchObject({
      proposal: 2,
    });
    const voted = await anamnesis(["members", "--dir", nord]);
    expect(voted.out).toContain("policy rules 2/3 → 3/4, days 14 → 3 ");

    await ok("person", "vouch", "n.weber", "--role", "nurse,ward-3", "--dir", nord);
    expect(await refusal("person", "withdraw", "someone else", "--dir", nord)).toBe("registry/unknown-person");
    await ok("person", "withdraw", "n.weber", "--dir", nord);

    const { before, now } = await ok("keys", "rotate", "--dir", nord);
    await ok("keys", "retire", String(before), "--dir", nord);
    await ok("keys", "cosigner", "--dir", nord);
    expect(await refusal("keys", "retire", String(now), "--dir", nord)).toBe("registry/last-key");
    expect(await ok("members", "--dir", nord)).toMatchObject({ epoch: 2, organisations: [{ keys: [now] }, {}] });

    expect(await refusal("leave", "--dir", nord)).toBe("cli/usage");
    expect(await ok("log", "verify", "--dir", nord)).toMatchObject({ ok: true, replayed: true, unfollowed: 0 });
    await ok("leave", "--yes", "--dir", nord);
    expect(await refusal("propose", "suspend", "sued", "--dir", nord)).toBe("ledger/key-retired");
    const shown = await anamnesis(["members", "--dir", nord, "--lang", "zh"]);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining("已退出")]);
  });
});
