import { describe, expect, it } from "vitest";
import { captureError } from "../src/errors.ts";
import { giveUp, levelOf, type RetentionLevel, RetentionWatch } from "../src/limits/retention.ts";
import type { Retention, Source } from "../src/source.ts";

const limits = { warnBytes: 100, giveUpBytes: 200, everyMs: 1 };

/** A source of which only what it keeps is looked at. */
const keeping = (retention: () => Promise<Retention | undefined>, forget = async () => undefined): Source => {
  const other = () => Promise.reject(new Error("not part of this double"));
  return {
    ...{ retention, forget, life: other, tables: other, begin: other, snapshot: other, stream: other },
    describe: () => ({ product: "double", sees: [], cannotSee: [] }),
    close: async () => undefined,
  };
};

describe("what a source keeps of its log for us", () => {
  it.each<[Retention, RetentionLevel]>([
    [{ bytes: 99, left: undefined }, "fine"],
    [{ bytes: 100, left: undefined }, "warn"],
    [{ bytes: 199, left: 1_000 }, "warn"],
    [{ bytes: 200, left: undefined }, "give-up"],
    [{ bytes: 40, left: 60 }, "fine"],
    [{ bytes: 60, left: 40 }, "warn"],
  ])("%j is %s", (retention, level) => {
    expect(levelOf(retention, limits)).toBe(level);
  });

  it("is watched until it is too much, through looks that fail", async () => {
    let looks = 0;
    const levels: RetentionLevel[] = [];
    const source = keeping(async () => {
      looks++;
      if (looks === 2) throw new Error("connection lost");
      return looks === 3 ? undefined : { bytes: 40 * looks, left: undefined };
    });
    const watch = new RetentionWatch(source, limits, ({ level }) => levels.push(level));
    await new Promise((resolve) => watch.signal.addEventListener("abort", resolve, { once: true }));
    expect(levels).toEqual(["fine", "warn", "give-up"]);
    expect(looks).toBe(5);
  });

  it("is not looked at any more once the watch is stopped", async () => {
    let looks = 0;
    const watch = new RetentionWatch(
      keeping(async () => ({ bytes: ++looks, left: undefined })),
      limits,
      () => watch.stop(),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(looks).toBe(1);
  });

  it("is given up as soon as nobody streams from the position any more", async () => {
    let tries = 0;
    const busy = captureError("capture/slot-busy", "busy");
    const forget = async () => {
      if (++tries < 3) throw busy;
      return undefined;
    };
    await giveUp(
      keeping(async () => undefined, forget),
      new AbortController().signal,
    );
    expect(tries).toBe(3);
    await expect(
      giveUp(
        keeping(
          async () => undefined,
          () => Promise.reject(busy),
        ),
        AbortSignal.abort(),
      ),
    ).rejects.toBe(busy);
  });
});
