/**
 * Founding a ledger of several organisations. Each step runs in a process of the organisation that it concerns, as it would
 * on machines of their own: no process ever reads the keys of two.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cliError } from "../../errors.ts";
import { CHAIN, isFounded, type Place, urlOf } from "./plan.ts";

export const COMMAND = fileURLToPath(new URL("../../../bin/anamnesis.js", import.meta.url));

/** A sandbox that is there keeps what it has; one whose founding was cut off is founded anew. */
export async function foundTogether(dir: string, places: readonly Place[], signal: AbortSignal): Promise<void> {
  const [orderer, ...others] = places;
  if (orderer === undefined) throw cliError("cli/usage", "at least one organisation");
  const open = places.filter((place) => !isFounded(place.dir));
  if (open.length < places.length) return adoptRest(dir, open, signal);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const place of places) rmSync(place.dir, { recursive: true, force: true });
  const run = (...args: string[]) => command(args, signal);
  await each(places, ({ dir: at, title, name, port }) =>
    run("init", at, "--join", "--org", title, "--id", name, "--chain", CHAIN, "--port", String(port)),
  );
  const file = join(dir, "genesis.json");
  const files = others.map((place) => join(place.dir, "organisation.json"));
  await run("genesis", "propose", ...files, "--dir", orderer.dir, "--out", file);
  for (const place of others) await run("genesis", "sign", file, "--dir", place.dir);
  // Before the genesis is adopted: a folder with a genesis is complete.
  introduce(orderer, others);
  await each(places, ({ dir: at }) => run("init", at, "--genesis", file));
}

/** Everybody has signed, and not all have taken the document up. */
async function adoptRest(dir: string, open: readonly Place[], signal: AbortSignal): Promise<void> {
  const file = join(dir, "genesis.json");
  if (!open.every((place) => existsSync(join(place.dir, "organisation.json")) && existsSync(file)))
    throw cliError("cli/sandbox-folder", "the folder holds a sandbox of other organisations: choose another --dir");
  await each(open, ({ dir: at }) => command(["init", at, "--genesis", file], signal));
}

/** Two at a time: each is a process that takes a moment to start. */
async function each(places: readonly Place[], work: (place: Place) => Promise<void>): Promise<void> {
  for (let i = 0; i < places.length; i += 2) await Promise.all(places.slice(i, i + 2).map(work));
}

/** What operators would tell each other: where the nodes are, and the orderer's token for members. */
function introduce(orderer: Place, others: readonly Place[]): void {
  const config = (place: Place): string => join(place.dir, "anamnesis.toml");
  const token = /^entries_token = (".*")$/m.exec(readFileSync(config(orderer), "utf8"))?.[1] ?? '""';
  const members = (asker: Place): string => {
    const asked = others.filter((place) => place !== asker).map((place) => `${place.name} = "${urlOf(place)}"\n`);
    return asked.length === 0 ? "" : `\n[members]\n${asked.join("")}`;
  };
  appendFileSync(config(orderer), members(orderer));
  // Followers ask one another about leaves that the orderer withholds; the orderer itself is not among the asked.
  for (const place of others)
    appendFileSync(config(place), `\n[orderer]\nurl = "${urlOf(orderer)}"\ntoken = ${token}\n${members(place)}`);
}

/** Runs one command of ours to its end. @throws AnamnesisError `cli/demo-failed` with what it said */
function command(args: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "ignore", "pipe"], signal });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(cliError("cli/demo-failed", `anamnesis ${args[0] ?? ""} failed: ${said.trim()}`));
    });
  });
}
