/**
 * `npm run soak -- [--kills 100] [--seed N] [--database mariadb]`: as many kills of the node and of PostgreSQL each (or of
 * capture and MariaDB), under load, then every check.
 * Ends with exit code 0 only if nothing was lost, nothing stands twice and every check is clean.
 */
import { delays, KillHarness } from "../test/kill/harness.ts";
import { MariadbKills } from "../test/kill/mariadb.ts";
import { readOptions } from "../tools/lib/options.ts";

const { values } = readOptions(
  "npm run soak -- [--kills 100] [--seed N] [--database postgres|mariadb]",
  {
    options: {
      kills: { type: "string", default: "100" },
      seed: { type: "string", default: String(Date.now() % 1e6) },
      database: { type: "string", default: "postgres" },
    },
  },
  ["kills", "seed"],
);
const kills = Number(values.kills);
const seed = Number(values.seed);
/** What is shown of a command's output that should have been clean. */
const OUTPUT_MAX = 4_000;
const started = Date.now();
const say = (text: string): void => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);

say(`soak: ${kills} kills of each, seed ${seed}, ${values.database}`);
const held = await (values.database === "mariadb" ? mariadb() : postgres());
say(held ? "everything held" : "something did not hold");
process.exitCode = held ? 0 : 1;

async function postgres(): Promise<boolean> {
  const harness = await KillHarness.start(seed);
  try {
    const chance = delays(seed);
    for (let i = 1; i <= kills; i++) {
      await harness.kill("node", chance());
      await harness.kill("postgres", chance());
      if (i % 5 === 0) await harness.drain();
      if (i % 5 === 0 || i === kills) say(`${i} of ${kills} each, ${harness.written} rows written`);
    }
    await harness.stopWard();
    const problems: string[] = [];
    const clean = await harness.verify();
    say(`verify: exit code ${clean.code}`);
    if (clean.code !== 0) problems.push(clean.out.slice(0, OUTPUT_MAX));
    await harness.stopNode();
    for (const args of [
      ["verify", "ehr", "--from-log"],
      ["log", "verify"],
    ]) {
      const { code, out } = await harness.command(...args, "--dir", harness.dir);
      say(`${args.join(" ")}: exit code ${code}`);
      if (code !== 0) problems.push(out.slice(0, OUTPUT_MAX));
    }
    for (const problem of problems) console.error(problem);
    const count = await harness.count();
    const idle = count.inFlight.filter((n) => n === 0).length;
    say(`${count.events} events, ${count.transactions} transactions, ${idle} kills without events in flight`);
    if (count.doubles + count.declared + count.differing + idle > 0) problems.push(JSON.stringify(count));
    if (problems.length > 0) console.error(JSON.stringify(count));
    return problems.length === 0;
  } finally {
    await harness.close();
  }
}

async function mariadb(): Promise<boolean> {
  const harness = await MariadbKills.start();
  try {
    const chance = delays(seed);
    for (let i = 1; i <= kills; i++) {
      await harness.kill("capture", chance());
      await harness.kill("mariadb", chance());
      if (i % 5 === 0 || i === kills) say(`${i} of ${kills} each, ${harness.written} transactions written`);
    }
    const count = await harness.count();
    const idle = count.inFlight.filter((n) => n === 0).length;
    say(`${count.events} events, ${count.transactions} transactions, ${idle} kills without events in flight`);
    const { creates, updates, transactions, doubles, declared, findings } = count;
    const fits = creates === transactions && updates === transactions;
    if (fits && doubles + declared + findings.length + idle === 0) return true;
    console.error(JSON.stringify(count));
    return false;
  } finally {
    await harness.close();
  }
}
