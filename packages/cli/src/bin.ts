/** Where the process starts: everything else can be called as a function. */
import { main } from "./main.ts";
import { tuneCollector } from "./memory.ts";

tuneCollector();
process.exitCode = await main(process.argv.slice(2));
