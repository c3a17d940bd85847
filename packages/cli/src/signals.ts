/** Ctrl-C, or the end of the door that started us: the first asks for a clean stop, the second forces, and a stop that takes too long is forced as well. */

/** `disconnect`: the door (tools/door.js) is gone, be it by kill -9, and nobody is left to stop us. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const;
const STOP_MS_MAX = 4_500;
const FORCED = 130;

/** Runs `work` with a signal that aborts on the first request to stop. */
export async function withSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let forced: NodeJS.Timeout | undefined;
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(FORCED);
    forced = setTimeout(() => process.exit(FORCED), STOP_MS_MAX).unref();
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    clearTimeout(forced);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
