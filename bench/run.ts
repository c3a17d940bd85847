// `npm run bench -- NAME [--json]`: runs bench/NAME.ts; without a name it says which there are.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Bench, circumstances, jsonLine, table } from "./harness.ts";

const NOT_BENCHES = new Set(["run", "harness", "soak"]);
const names = readdirSync(fileURLToPath(new URL(".", import.meta.url)))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length))
  .filter((name) => !NOT_BENCHES.has(name));

const [name] = process.argv.slice(2).filter((each) => !each.startsWith("-"));
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [--json]\nnames: ${names.join(", ")}\n`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const { bench } = (await import(`./${name}.ts`)) as { readonly bench?: Bench };
  if (bench === undefined) throw new Error(`bench/${name}.ts exports no \`bench\``);
  const figures = await bench((line) => void process.stderr.write(`${line}\n`));
  const around = circumstances();
  const json = process.argv.includes("--json");
  const text = json
    ? figures.map((each) => jsonLine(each, around)).join("\n")
    : `${table(figures)}\n${around.machine}, commit ${around.commit}`;
  process.stdout.write(`${text}\n`);
}
