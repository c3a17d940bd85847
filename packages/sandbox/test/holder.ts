/* A program for the tests: starts a server in the folder named, says so on one line, and then hangs (or stops). */
import { startPostgres } from "../src/index.ts";

const [dir, then] = process.argv.slice(2);
const server = await startPostgres({ dir: dir ?? "." });
process.stdout.write(`${JSON.stringify({ pid: server.pid, port: server.port })}\n`);
if (then === "stop") await server.stop();
else setInterval(() => undefined, 1_000);
