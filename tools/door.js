// The door of every npm script: `node tools/door.js SCRIPT [ARGS]` runs SCRIPT on the pinned Node 24, whatever Node the
// host has (>= 20). It does not rely on node_modules/.bin/node: npm 10 deletes that link together with the platform
// package it could not install, because both platform packages own the same name.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const [script = "", ...args] = process.argv.slice(2);
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 24 || (major === 24 && minor >= 21)) {
  const file = resolve(root, script);
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
} else {
  const pinned = resolve(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (!existsSync(pinned)) {
    process.stderr.write(
      `This is Node ${process.versions.node}; Node 24.21 or newer is needed and the pinned one is not installed.\n` +
        "  Remedy: run `npm ci` without --omit=optional, or install Node 24.\n",
    );
    process.exit(2);
  }
  const child = spawn(pinned, [resolve(root, script), ...args], {
    // The fourth is a channel nobody writes to: the script can tell from its end that this process is gone.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: `${dirname(pinned)}${delimiter}${process.env.PATH ?? ""}` },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 2) : 130));
}
