import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openProgress, type Progress, waitForBarrier, waitForPosition } from "../src/progress.ts";

let dir: string;
let progress: Progress;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-progress-"));
  progress = openProgress(join(dir, "progress.db"));
});
afterEach(() => {
  progress.close();
  rmSync(dir, { recursive: true, force: true });
});

const soon = (work: () => void) => setTimeout(work, 60);
const wait = (deadlineMs: number) => waitForBarrier(progress, "token", 500n, { deadlineMs });
const FINAL = { lsn: 400n, ordinal: 1 };

describe("waiting for a verifier's marker", () => {
  it("ends when the token was seen, and when the position passes meanwhile", async () => {
    soon(() => progress.passBarrier("token"));
    await expect(wait(2_000)).resolves.toBeUndefined();
    progress.reset();
    progress.setPassed(400n, FINAL);
    soon(() => progress.setPassed(500n, FINAL));
    await expect(wait(2_000)).resolves.toBeUndefined();
  });

  it("does not take a note of a former life, whose positions were higher, for a passed marker", async () => {
    progress.setPassed(90_000n, { lsn: 80_000n, ordinal: 1 });
    await expect(wait(150)).rejects.toMatchObject({ code: "capture/timeout" });
    soon(() => progress.setPassed(300n, { lsn: 299n, ordinal: 1 })); // the restore was declared, and it goes on from there
    await expect(wait(300)).rejects.toMatchObject({ code: "capture/timeout" });
    soon(() => progress.setPassed(501n, FINAL));
    await expect(wait(2_000)).resolves.toBeUndefined();
  });

  it("does not take the beginning of the first baseline for a passed marker", async () => {
    progress.setPassed(900n, { lsn: 0n, ordinal: 0 });
    await expect(wait(150)).rejects.toMatchObject({ code: "capture/timeout" });
  });
});

describe("waiting for a position, where a source has no markers", () => {
  const waitFor = (position: bigint, deadlineMs: number) =>
    waitForPosition(progress, async () => position, { deadlineMs });

  it("ends when it has passed, and a change of the catalog before it was looked at", async () => {
    progress.setPassed(500n, FINAL);
    progress.setLooked(400n);
    await expect(waitFor(500n, 2_000)).resolves.toBeUndefined();
    progress.setCatalogChanged(450n);
    await expect(waitFor(500n, 150)).rejects.toMatchObject({ code: "capture/timeout" });
    soon(() => progress.setLooked(460n));
    await expect(waitFor(500n, 2_000)).resolves.toBeUndefined();
  });

  it("does not wait for a change that came later, or in a former life, whose positions were higher", async () => {
    progress.setPassed(500n, FINAL);
    progress.setLooked(400n);
    progress.setCatalogChanged(90_000n);
    await expect(waitFor(500n, 2_000)).resolves.toBeUndefined();
  });
});
