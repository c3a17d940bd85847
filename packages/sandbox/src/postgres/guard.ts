import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";

/** Our end of the watchdog's pipe. */
export interface Guard {
  readonly pid: number | undefined;
  watch(serverPid: number): void;
  /** The server is gone: nothing left to guard. */
  release(): void;
}

/**
 * Starts the watchdog, before the server, so that no moment is unguarded. Detached: a Ctrl-C in the terminal goes to the
 * whole foreground group and must not reach it. It never keeps our own process alive.
 */
export function startGuard(dataDir: string): Guard {
  const program = fileURLToPath(new URL("./watchdog.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, dataDir], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: {}, // nothing of the caller's environment is needed there, NODE_OPTIONS least of all
  });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    pid: child.pid,
    watch: (serverPid) => void child.stdin.write(`${serverPid}\n`),
    release: () => void child.stdin.end("done\n"),
  };
}
