/**
 * Transactions of XA that are prepared and not yet decided. Their rows stand in the log where they were prepared, but nobody
 * sees them before the decision: so they are kept until then, in memory, within a limit.
 */
import { captureError } from "../errors.ts";
import type { GroupStart } from "./events.ts";

const BYTES_MAX = 256 * 2 ** 20;

interface Waiting {
  readonly sequence: bigint;
  readonly events: Buffer[];
}

export class Prepared {
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  get oldest(): bigint | undefined {
    return this.#waiting.values().next().value?.sequence;
  }

  /** Copies the event. @throws AnamnesisError `capture/row-too-large` when too much waits */
  keep(group: GroupStart, event: Buffer): void {
    const id = group.xa ?? "";
    const waiting = this.#waiting.get(id) ?? { sequence: group.sequence, events: [] };
    this.#bytes += event.length;
    if (this.#bytes > BYTES_MAX) {
      const message = "prepared XA transactions hold more than 256 MiB of rows: decide them (XA RECOVER lists them)";
      throw captureError("capture/row-too-large", message);
    }
    waiting.events.push(Buffer.from(event));
    this.#waiting.set(id, waiting);
  }

  take(group: GroupStart): readonly Buffer[] {
    const events = this.#waiting.get(group.xa ?? "")?.events ?? [];
    this.drop(group);
    return events;
  }

  drop(group: GroupStart): void {
    const id = group.xa ?? "";
    for (const event of this.#waiting.get(id)?.events ?? []) this.#bytes -= event.length;
    this.#waiting.delete(id);
  }
}
