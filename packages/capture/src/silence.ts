/**
 * Connections whose other end is gone without a word: a cable, a firewall that forgot, a machine that lost its power. The
 * system would notice after a quarter of an hour, or never. So whoever waits for an answer and hears nothing for a while
 * asks, over a new connection, whether the server is still at it; if not, the old connection goes.
 */
import type { Duplex } from "node:stream";

/** A query may take long; asking costs one connection each time. */
export const SILENT_MS = 30_000;
const LOOKS_PER_SILENCE = 4;

export interface Watched {
  /** The connection's socket as it is now (TLS changes it). */
  stream(): Duplex & { readonly bytesRead?: number };
  /** Whether an answer is waited for. */
  isBusy(): boolean;
  /** Whether the server is at work for this connection, as another one tells. A rejection means that it is not. */
  isAlive(): Promise<boolean>;
}

/** Ends by itself when the connection does. `silentMs` of the monotonic clock. */
export function watchSilence(watched: Watched, silentMs = SILENT_MS): void {
  let heard = { bytes: -1, at: performance.now() };
  let asking = false;
  const look = async (): Promise<void> => {
    const stream = watched.stream();
    if (stream.destroyed) return clearInterval(timer);
    const bytes = stream.bytesRead ?? 0;
    const now = performance.now();
    if (bytes !== heard.bytes || !watched.isBusy() || stream.isPaused()) heard = { bytes, at: now };
    if (asking || now - heard.at < silentMs) return;
    asking = true;
    const alive = await watched.isAlive().catch(() => false);
    asking = false;
    heard = { bytes: heard.bytes, at: performance.now() };
    if (!alive && watched.isBusy() && (stream.bytesRead ?? 0) === bytes) stream.destroy();
  };
  const timer = setInterval(() => void look(), silentMs / LOOKS_PER_SILENCE);
  timer.unref();
}
