import { codeOf, fromHex, toHex, utf8 } from "@anamnesis/core";
import { type Lanes, openLanes } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INITIAL, ROUNDS } from "../src/lanes/constants.ts";
import { LANES_MAX } from "../src/lanes/lanes.ts";

const lanes = opened();
function opened(): Lanes {
  const found = openLanes();
  if (found === undefined) throw new Error("this platform has no WebAssembly with vectors");
  return found;
}

function write(message: Uint8Array): number {
  const at = lanes.place(message.length);
  expect(at).toBeGreaterThan(0);
  lanes.bytes.set(message, at);
  return message.length;
}

const digests = (): string[] =>
  Array.from({ length: lanes.count }, (_, i) => toHex(lanes.bytes.subarray(lanes.digestAt(i), lanes.digestAt(i) + 32)));

function hashAll(messages: readonly Uint8Array[]): string[] {
  lanes.clear();
  for (const message of messages) lanes.add(write(message));
  lanes.run();
  return digests();
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

describe("the kernel's constants", () => {
  it("are those that FIPS 180-4 prints", () => {
    expect([ROUNDS[0], ROUNDS[1], ROUNDS[62], ROUNDS[63]]).toEqual([0x428a2f98, 0x71374491, 0xbef9a3f7, 0xc67178f2]);
    expect([INITIAL[0], INITIAL[7]]).toEqual([0x6a09e667, 0x5be0cd19]);
  });
});

describe("hashes in lanes", () => {
  it("match the examples of NIST (FIPS 180-4, SHA256.pdf), in any lane", () => {
    const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const expected = [
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ];
    const messages = [utf8(""), utf8("abc"), utf8(two)];
    expect(hashAll(messages)).toEqual(expected);
    expect(hashAll(messages.toReversed())).toEqual(expected.toReversed());
    expect(hashAll([utf8("x"), ...messages]).slice(1)).toEqual(expected);
  });

  it("are those of one message at a time, whatever the lengths beside it", () => {
    fc.assert(
      fc.property(fc.array(bytes(300), { maxLength: 11 }), (messages) => {
        expect(hashAll(messages)).toEqual(messages.map((m) => toHex(portable.sha256(m))));
      }),
    );
  });

  it("hold at every length around the ends of blocks", () => {
    const messages = Array.from({ length: 200 }, (_, n) => Uint8Array.from({ length: n }, (_, i) => i * 7 + n));
    expect(hashAll(messages)).toEqual(messages.map((m) => toHex(native.sha256(m))));
  });

  it("leave nothing of a batch for the next one", () => {
    const first = hashAll([utf8("a"), utf8("b")]);
    hashAll(Array.from({ length: LANES_MAX }, (_, i) => new Uint8Array(i).fill(0xff)));
    expect(hashAll([utf8("a"), utf8("b")])).toEqual(first);
  });
});

describe("HMACs in lanes", () => {
  const macs = (key: Uint8Array, messages: readonly Uint8Array[]): string[] => {
    lanes.clear();
    const states = lanes.keyStates(key);
    for (const message of messages) lanes.addKeyed(write(message), states);
    lanes.run();
    return digests();
  };

  it("match RFC 4231, cases 1, 2 and 4", () => {
    expect(macs(new Uint8Array(20).fill(0x0b), [utf8("Hi There")])).toEqual([
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ]);
    expect(macs(utf8("Jefe"), [utf8("what do ya want for nothing?")])).toEqual([
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ]);
    const key = Uint8Array.from({ length: 25 }, (_, i) => i + 1);
    expect(macs(key, [new Uint8Array(50).fill(0xcd)])).toEqual([
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ]);
  });

  it("are those of the providers, with a key of its own for each message", () => {
    const pair = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 64 }), bytes(400));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 9 }), (pairs) => {
        lanes.clear();
        const states = pairs.map(([key]) => lanes.keyStates(key));
        for (const [i, [, message]] of pairs.entries())
          lanes.addKeyed(write(message), states[i] ?? new Uint32Array(16));
        lanes.run();
        expect(digests()).toEqual(pairs.map(([key, message]) => toHex(native.hmacSha256(key)(message))));
      }),
    );
  });

  it("are the same under keys that are kept, of which nothing stays when they are forgotten", () => {
    const keys = [utf8("Jefe"), new Uint8Array(32).fill(7)];
    const message = utf8("what do ya want for nothing?");
    lanes.clear();
    const states = keys.map((key) => lanes.keyStates(key));
    for (const kept of states.map((s) => lanes.keep(s))) lanes.addKept(write(message), kept);
    lanes.run();
    expect(digests()).toEqual(keys.map((key) => toHex(native.hmacSha256(key)(message))));
    const memory = Buffer.from(lanes.bytes.buffer, lanes.bytes.byteOffset, lanes.bytes.length);
    const isThere = () => states.map((s) => memory.includes(Buffer.from(s.buffer, 0, 16)));
    expect(isThere()).toEqual([true, true]);
    lanes.forgetKept();
    expect(isThere()).toEqual([false, false]);
  });

  it("leave no key behind in the memory", () => {
    const key = fromHex("00112233445566778899aabbccddeeff".repeat(2));
    const [tag] = macs(key, [utf8("message")]);
    expect(tag).toBe(toHex(native.hmacSha256(key)(utf8("message"))));
    lanes.clear();
    const states = lanes.keyStates(key);
    const memory = Buffer.from(lanes.bytes.buffer, lanes.bytes.byteOffset, lanes.bytes.length);
    expect(memory.includes(Buffer.from(states.buffer, 0, 16))).toBe(false);
    expect(memory.includes(Buffer.from(states.buffer, 32, 16))).toBe(false);
    for (const mask of [0, 0x36, 0x5c]) expect(memory.includes(Buffer.from(key.map((b) => b ^ mask)))).toBe(false);
  });
});

describe("limits of a batch", () => {
  it("has no place for more messages than it can number", () => {
    hashAll(Array.from({ length: LANES_MAX }, () => utf8("x")));
    expect(lanes.place(1)).toBe(-1);
    lanes.clear();
    expect(lanes.place(1)).toBeGreaterThan(0);
  });

  it("has no place for a message that its memory cannot hold, also when empty", () => {
    lanes.clear();
    expect(lanes.place(65_600)).toBeGreaterThan(0);
    expect(lanes.place(lanes.bytes.length)).toBe(-1);
  });

  it("does not mix hashes and HMACs", () => {
    lanes.clear();
    const states = lanes.keyStates(utf8("key"));
    lanes.add(write(utf8("a")));
    expect(codeOf(thrown(() => lanes.addKeyed(0, states)))).toBe("core/invariant");
    lanes.clear();
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
