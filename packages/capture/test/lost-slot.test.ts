import { describe, expect, it } from "vitest";
import type { CaptureProgress } from "../src/capture.ts";
import { captureError } from "../src/errors.ts";
import { doubleCapture } from "./capture-double.ts";

/** A source that has lost the log at its position, so many times. */
function losing(times: number) {
  const double = doubleCapture();
  const { source } = double;
  const stream = source.stream.bind(source);
  const seen = { streams: 0, codes: [] as string[] };
  source.stream = (...how) =>
    ++seen.streams > times ? stream(...how) : Promise.reject(captureError("capture/slot-lost", "the log is gone"));
  const onProgress = ({ phase, code }: CaptureProgress): void => {
    if (phase === "reconnecting") seen.codes.push(code ?? "");
  };
  return { ...double, seen, run: () => double.run({ untilCaughtUp: true, onProgress }) };
}

describe("a source that has lost the log at our position", () => {
  it("is begun anew, and says why", async () => {
    const { source, run, seen, engine, close } = losing(1);
    source.commit(16n, "a");
    await run();
    close();
    expect(seen.streams).toBe(2);
    expect(new Set(seen.codes)).toEqual(new Set(["capture/slot-lost"]));
    expect(engine.events.map((e) => e.kind)).toContain("create");
  });

  it("is not begun anew for ever", async () => {
    const { run, seen, close } = losing(Number.POSITIVE_INFINITY);
    await expect(run()).rejects.toMatchObject({ code: "capture/slot-lost" });
    close();
    expect(seen.streams).toBe(4);
  });
});
