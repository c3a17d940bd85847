import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { ledgerError } from "@anamnesis/ledger";
import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../src/index.ts";
import { Queue } from "../src/queue.ts";

describe("the queue", () => {
  const transaction = new Fixture(native).command("test.put", "a");
  const queueOf = (queuedBytes: number) => new Queue({ ...DEFAULT_LIMITS, queuedBytes }, () => undefined);
  /** Whether there is room for so many bytes; what found room is answered when the queue fails. */
  function room(queue: Queue, bytes: number): boolean {
    try {
      queue.push({ transaction, bytes }, true).catch(() => undefined);
      return true;
    } catch (error) {
      expect(codeOf(error)).toBe("ledger/busy");
      return false;
    }
  }

  it("counts the bytes that wait, and no longer when they are taken or have failed", () => {
    const queue = queueOf(100);
    expect([60, 41, 40, 1].map((bytes) => room(queue, bytes))).toEqual([true, false, true, false]);
    expect(queue.take()).toHaveLength(2);
    expect(room(queue, 100)).toBe(true);
    queue.fail(ledgerError("ledger/closed", "closed"));
    expect(room(queue, 100)).toBe(true);
  });

  it("holds nothing any more when everybody was told that nothing will come of it", async () => {
    const queue = queueOf(100);
    const waiting = queue.push({ transaction, bytes: 1 }, true);
    queue.fail(ledgerError("ledger/closed", "closed"));
    await expect(waiting).rejects.toMatchObject({ code: "ledger/closed" });
    expect(queue.length).toBe(0);
    expect(queue.ready).toBe(false);
    expect(queue.take()).toEqual([]);
  });

  it("lets go of the transaction whose signature is wrong, and of no other, also when that is known late", async () => {
    const queue = queueOf(100);
    const late = Promise.withResolvers<boolean>();
    const gone = queue.push({ transaction, bytes: 60 }, late.promise);
    queue.fail(ledgerError("ledger/closed", "closed"));
    await expect(gone).rejects.toMatchObject({ code: "ledger/closed" });
    queue.push({ transaction, bytes: 50 }, true).catch(() => undefined);
    late.reject(ledgerError("ledger/bad-signature", "wrong"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(queue.length).toBe(1);
    expect([51, 50].map((bytes) => room(queue, bytes))).toEqual([false, true]);
  });

  it("fills a block to its last byte", () => {
    const queue = new Queue({ ...DEFAULT_LIMITS, blockBytes: 100 }, () => undefined);
    for (const bytes of [60, 40, 1]) expect(room(queue, bytes)).toBe(true);
    expect([queue.take().length, queue.take().length]).toEqual([2, 1]);
  });
});
