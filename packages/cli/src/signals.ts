/** Ctrl-C: the first asks for a clean stop, the second forces, and a stop that takes too long is forced as well. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
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
