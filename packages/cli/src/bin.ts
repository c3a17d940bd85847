/** Where the process starts: everything else can be called as a function. */
import { main } from "./main.ts";
import { boundYoungGeneration } from "./memory.ts";

boundYoungGeneration();
process.exitCode = await main(process.argv.slice(2));
