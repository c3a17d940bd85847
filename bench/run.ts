// `npm run bench -- NAME [--json]`: runs bench/NAME.ts, whose first lines say what it measures and which options it has.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Bench, circumstances, jsonLine, table } from "./harness.ts";

const NOT_BENCHES = new Set(["run", "harness", "soak"]);
const folder = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length))
  .filter((name) => !NOT_BENCHES.has(name));
const USAGE = `npm run bench -- NAME [--json] [--help]\nnames: ${names.join(", ")}`;

const words = process.argv.slice(2);
const [name] = words.filter((each) => !each.startsWith("-"));
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(name === undefined ? 0 : 2);
}
const about = aboutOf(name);
if (words.includes("--help")) {
  process.stdout.write(`${about}\n`);
  process.exit(0);
}
const unknown = words.find((each) => each.startsWith("--") && each !== "--json" && !about.includes(`[${each}`));
if (unknown !== undefined) {
  process.stderr.write(`${name} knows no ${unknown}\n\n${about}\n`);
  process.exit(2);
}
const { bench } = (await import(`./${name}.ts`)) as { readonly bench?: Bench };
if (bench === undefined) throw new Error(`bench/${name}.ts exports no \`bench\``);
const figures = await bench((line) => void process.stderr.write(`${line}\n`));
const around = circumstances();
const json = process.argv.includes("--json");
const text = json
  ? figures.map((each) => jsonLine(each, around)).join("\n")
  : `${table(figures)}\n${around.machine}, commit ${around.commit}`;
process.stdout.write(`${text}\n`);

/** The comment that the file begins with. */
function aboutOf(bench: string): string {
  const [, comment = ""] = /^\/\*\*\n(.*?) \*\//s.exec(readFileSync(`${folder}${bench}.ts`, "utf8")) ?? [];
  return comment
    .replace(/^ \* ?/gm, "")
    .replaceAll("`", "")
    .trimEnd();
}
