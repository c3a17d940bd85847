import { describe, expect, it } from "vitest";
import { Replay } from "../src/resume.ts";

describe("a replay longer than what is remembered", () => {
  it("passes over commits before the oldest one known, and still holds the others to their word", () => {
    const replay = new Replay([{ lsn: 50n, xid: 5n, time: 5 }], 50n, 50n);
    expect(replay.covers(40n)).toBe(false);
    expect(replay.covers(50n)).toBe(true);
    expect(replay.differs({ lsn: 50n, xid: 6n, time: 5 })).toBe(true);
    expect(replay.repeats({ lsn: 50n, xid: 5n, time: 5 }, 1)).toBe(true);
  });
});
