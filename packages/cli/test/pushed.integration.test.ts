// A source whose changes are pushed, as its operator meets it: add, run, send, look.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { anamnesis, launch, says } from "./process.ts";

const RECORDING = fileURLToPath(new URL("../../../vectors/debezium/postgres-2.7.4.ndjson", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "anamnesis-pushed-"));
const data = join(dir, "data");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("takes in what a Debezium sends, and shows it", async () => {
  await anamnesis(["init", data, "--org", "Labor", "--port", "0"]);
  const added = await anamnesis(["source", "add", "labs", "--url", "debezium:", "--dir", data]);
  expect(added.out).toContain("/sources/labs/debezium");
  const token = /^push_token = "(.+)"$/m.exec(readFileSync(join(data, "anamnesis.toml"), "utf8"))?.[1] ?? "";
  expect(added.out).not.toContain(token);
  const node = launch(["node", "--dir", data]);
  try {
    const url = /http:\/\/\S+/.exec(await says(node, "Ctrl-C"))?.[0] ?? "";
    const post = (auth: string) =>
      fetch(`${url}/sources/labs/debezium`, {
        method: "POST",
        headers: { authorization: `Bearer ${auth}` },
        body: readFileSync(RECORDING),
      });
    expect((await post("wrong")).status).toBe(401);
    const first = await post(token);
    expect([first.status, await first.json()]).toEqual([200, { accepted: 12, duplicates: 0, ignored: 3 }]);
    expect(await (await post(token)).json()).toEqual({ accepted: 0, duplicates: 12, ignored: 3 });
    await untilFinal();
    const history = await anamnesis([
      "history",
      "labs",
      "--table",
      "public.patients",
      "--key",
      "2",
      "--dir",
      data,
      "--json",
    ]);
    const { events } = JSON.parse(history.out) as { readonly events: readonly { readonly kind: string }[] };
    expect(events.map((e) => e.kind)).toEqual(["create", "update", "update"]);
    const verify = await anamnesis(["verify", "labs", "--dir", data, "--json"]);
    expect([verify.code, JSON.parse(verify.out)]).toMatchObject([2, { error: { code: "node/pushed-source" } }]);
  } finally {
    node.kill("SIGTERM");
    await new Promise((resolve) => node.once("exit", resolve));
  }
}, 60_000);

async function untilFinal(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { out } = await anamnesis(["status", "--dir", data, "--json"]);
    const status = JSON.parse(out) as { readonly sources: readonly { readonly events: number }[] };
    if (status.sources[0]?.events === 13) return;
    await sleep(100);
  }
  throw new Error("what was pushed did not become final");
}
