#!/usr/bin/env node
// The door to the command line. Plain JavaScript for any Node >= 20: it only makes sure that the pinned
// runtime (Node 24, from the npm platform package) runs the TypeScript sources, then hands over.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 24 || (major === 24 && minor >= 21)) {
  const { main } = await import("../src/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const pinned = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(
      `anamnesis: this is Node ${process.versions.node}; Node 24.21 or newer is needed and the pinned one is not installed.\n` +
        "  Remedy: run `npm ci` without --omit=optional, or install Node 24.\n",
    );
    process.exit(2);
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal ? 130 : (code ?? 2)));
}
