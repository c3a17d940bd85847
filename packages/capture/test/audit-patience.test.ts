import { describe, expect, it } from "vitest";
import { Patience } from "../src/audit/patience.ts";

describe("waiting for a log that is late", () => {
  it("ends with the answer, and with the reason to wait", () => {
    const patience = new Patience();
    let asked = 0;
    expect(
      patience.wait(
        () => (++asked === 2 ? "who" : undefined),
        () => true,
      ),
    ).toBe("who");
    expect(
      patience.wait(
        () => "who",
        () => false,
      ),
    ).toBeUndefined();
  });

  it("takes a few milliseconds at most, and after some in vain none for a while", () => {
    const patience = new Patience();
    let asked = 0;
    const started = performance.now();
    for (let i = 0; i < 500; i++)
      expect(
        patience.wait(
          () => void asked++,
          () => true,
        ),
      ).toBeUndefined();
    expect(asked).toBeLessThan(20);
    expect(performance.now() - started).toBeLessThan(1_000);
    for (let i = 500; i < 1_005; i++)
      patience.wait(
        () => void asked++,
        () => true,
      );
    expect(
      patience.wait(
        () => "who",
        () => true,
      ),
    ).toBe("who");
  });
});
