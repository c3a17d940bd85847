/**
 * `npm run soak -- [--kills 100] [--seed N]`: as many kills of the node and of PostgreSQL each, under load, then every check.
 * Ends with exit code 0 only if nothing was lost, nothing stands twice and every check is clean.
 */
import { parseArgs } from "node:util";
import { delays, KillHarness } from "../test/kill/harness.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: String(Date.now() % 1e6) } },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
/** What is shown of a command's output that should have been clean. */
const OUTPUT_MAX = 4_000;
const started = Date.now();
const say = (text: string): void => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);

say(`soak: ${kills} kills of each, seed ${seed}`);
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
  say(problems.length === 0 ? "everything held" : "something did not hold");
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await harness.close();
}
