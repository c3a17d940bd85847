/**
 * Ed25519 inputs on which libraries differ, built from points and always the same. Each verdict follows from how the
 * case is built, not from running a library; `ed25519-vectors.test.ts` freezes them and asks both providers.
 *
 * Notation: B base point, L its order, T torsion point (order divides 8), a secret scalar, r nonce, A = aB + T_A,
 * R = rB + T_R, k = SHA-512(R ‖ A ‖ M) mod L, S = r + ka. The cofactorless equation then says T_R + kT_A = 0.
 */
import { fromHex, toHex, utf8 } from "@anamnesis/core";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";

export interface Ed25519Case {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;

/** A point of order 8, and its eight multiples. */
const ORDER_8 = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa");
export const TORSION: readonly Point[] = Array.from({ length: 8 }, (_, i) => ORDER_8.multiplyUnsafe(BigInt(i)));

const a = scalar("secret");
const r = scalar("nonce");
const A = Point.BASE.multiply(a);
const R = Point.BASE.multiply(r);
const torsion = (i: number): Point => TORSION[i % 8] ?? Point.ZERO;

export function ed25519Cases(): Ed25519Case[] {
  return [...honest(), ...mixedOrder(), ...smallOrder(), ...nonCanonical(), ...largeS(), ...malformed()];
}

function honest(): Ed25519Case[] {
  const good = signed(A, R, utf8("honest"));
  const flip = (hex: string, bit: number): string => {
    const bytes = fromHex(hex);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return toHex(bytes);
  };
  return [
    { name: "honest signature", ...good, valid: true },
    { name: "honest signature, empty message", ...signed(A, R, new Uint8Array()), valid: true },
    { name: "honest signature, 1023-byte message", ...signed(A, R, new Uint8Array(1023).fill(0xa5)), valid: true },
    { name: "other message", ...good, message: toHex(utf8("dishonest")), valid: false },
    { name: "one bit of A changed", ...good, publicKey: flip(good.publicKey, 9), valid: false },
    { name: "sign bit of A changed", ...good, publicKey: flip(good.publicKey, 255), valid: false },
    { name: "one bit of R changed", ...good, signature: flip(good.signature, 17), valid: false },
    { name: "sign bit of R changed", ...good, signature: flip(good.signature, 255), valid: false },
    { name: "one bit of S changed", ...good, signature: flip(good.signature, 256), valid: false },
    {
      name: "S of another key",
      ...good,
      signature: good.signature.slice(0, 64) + hexOf(scalar("other")),
      valid: false,
    },
    { name: "R = B, S = 0", ...good, signature: Point.BASE.toHex() + hexOf(0n), valid: false },
  ];
}

/** A or R with a torsion part: allowed, and the verdict hangs on k modulo 8. A cofactored verifier takes them all. */
function mixedOrder(): Ed25519Case[] {
  const out: Ed25519Case[] = [];
  for (let i = 1; i < 8; i++) {
    const mixedA = A.add(torsion(i));
    const mixedR = R.add(torsion(i));
    const order = 8 / gcd(i, 8);
    const k = (test: (k: number) => boolean, atR: Point) => search(mixedA, atR, `T_A = ${i}`, test);
    out.push(
      {
        name: `A + ${i}T, kT = 0`,
        ...signed(
          mixedA,
          R,
          k((x) => x % order === 0, R),
        ),
        valid: true,
      },
      {
        name: `A + ${i}T, kT not 0`,
        ...signed(
          mixedA,
          R,
          k((x) => x % order !== 0, R),
        ),
        valid: false,
      },
      { name: `R + ${i}T`, ...signed(A, mixedR, utf8("torsion in R")), valid: false },
      {
        name: `A + ${i}T, R + ${i}T, cancelling`,
        ...signed(
          mixedA,
          mixedR,
          k((x) => (x + 1) % order === 0, mixedR),
        ),
        valid: true,
      },
      {
        name: `A + ${i}T, R + ${i}T, not cancelling`,
        ...signed(
          mixedA,
          mixedR,
          k((x) => (x + 1) % order !== 0, mixedR),
        ),
        valid: false,
      },
    );
  }
  const mixed = A.add(ORDER_8);
  const both = (reducedZero: boolean) => (reduced: number, whole: number) =>
    (reduced === 0) === reducedZero && (whole === 0) !== reducedZero;
  out.push(
    {
      name: "A + T, kT = 0 only with k reduced modulo L",
      ...signed(mixed, R, search(mixed, R, "reduced", both(true))),
      valid: true,
    },
    {
      name: "A + T, kT = 0 only with k not reduced",
      ...signed(mixed, R, search(mixed, R, "whole", both(false))),
      valid: false,
    },
  );
  return out;
}

/** Points of small order: the equation holds in each of these, and the rule refuses them all the same. */
function smallOrder(): Ed25519Case[] {
  const out: Ed25519Case[] = [];
  for (const [i, t] of TORSION.entries()) {
    const order = 8 / gcd(i, 8);
    const message = search(t, R, `small A ${i}`, (x) => x % order === 0);
    out.push({ name: `A = ${i}T, equation holds`, ...raw(t.toBytes(), R.toBytes(), r, message), valid: false });
    const inR = challenge(t, A, utf8("small R"));
    out.push({
      name: `R = ${i}T, equation holds up to torsion`,
      ...raw(A.toBytes(), t.toBytes(), mod(inR * a), utf8("small R")),
      valid: false,
    });
  }
  out.push({
    name: "A = R = 0, S = 0: valid for every message",
    ...raw(pointBytes(1n, 0), pointBytes(1n, 0), 0n, utf8("any")),
    valid: false,
  });
  return out;
}

/** Second encodings of a point: y not reduced modulo p, and x = 0 with its sign bit set. */
function nonCanonical(): Ed25519Case[] {
  const out: Ed25519Case[] = [];
  const message = utf8("not canonical");
  for (const [name, y, sign] of [
    ["y = p (order 4)", P, 0],
    ["y = p, negative x", P, 1],
    ["y = p + 1 (order 1)", P + 1n, 0],
    ["y = p + 1, x = -0", P + 1n, 1],
    ["y = 1, x = -0", 1n, 1],
    ["y = -1, x = -0", P - 1n, 1],
    ["y = p + 3, large order", P + 3n, 0],
    ["y = p + 18 (2^255 - 1)", P + 18n, 0],
  ] as const) {
    const bytes = pointBytes(y, sign);
    out.push({ name: `A: ${name}`, ...raw(bytes, R.toBytes(), r, message), valid: false });
    const k = challengeOf(bytes, A.toBytes(), message).reduced;
    out.push({ name: `R: ${name}`, ...raw(A.toBytes(), bytes, mod(k * a), message), valid: false });
  }
  return out;
}

/** S that is not reduced: the same signature a second time. */
function largeS(): Ed25519Case[] {
  const message = utf8("large S");
  const s = mod(r + challenge(R, A, message) * a);
  const cases: [string, bigint][] = [
    ["S + L", s + L],
    ["S + 2L", s + 2n * L],
    ["S + 15L", s + 15n * L],
    ["S = L", L],
    ["S = 2^256 - 1", 2n ** 256n - 1n],
  ];
  const out = cases.map(([name, value]) => ({ name, ...raw(A.toBytes(), R.toBytes(), value, message), valid: false }));
  out.push({
    name: "S = L - 1, equation does not hold",
    ...raw(A.toBytes(), R.toBytes(), L - 1n, message),
    valid: false,
  });
  return out;
}

function malformed(): Ed25519Case[] {
  const good = signed(A, R, utf8("malformed"));
  const notOnCurve = pointBytes(2n, 0);
  const bad = (name: string, change: Partial<Ed25519Case>): Ed25519Case => ({ name, ...good, ...change, valid: false });
  return [
    bad("A is not on the curve", { publicKey: toHex(notOnCurve) }),
    bad("R is not on the curve", { signature: toHex(notOnCurve) + good.signature.slice(64) }),
    bad("A is empty", { publicKey: "" }),
    bad("A has 31 bytes", { publicKey: good.publicKey.slice(2) }),
    bad("A has 33 bytes", { publicKey: `${good.publicKey}00` }),
    bad("signature is empty", { signature: "" }),
    bad("signature has 63 bytes", { signature: good.signature.slice(0, -2) }),
    bad("signature has 65 bytes", { signature: `${good.signature}00` }),
    bad("A is all ones", { publicKey: "ff".repeat(32) }),
    bad("signature is all ones", { signature: "ff".repeat(64) }),
    bad("signature is all zeros", { signature: "00".repeat(64) }),
  ];
}

type Parts = Pick<Ed25519Case, "publicKey" | "message" | "signature">;

/** Signature with S = r + ka, whatever torsion the two points carry. */
function signed(publicKey: Point, nonce: Point, message: Uint8Array): Parts {
  return raw(publicKey.toBytes(), nonce.toBytes(), mod(r + challenge(nonce, publicKey, message) * a), message);
}

function raw(publicKey: Uint8Array, nonce: Uint8Array, s: bigint, message: Uint8Array): Parts {
  return { publicKey: toHex(publicKey), message: toHex(message), signature: toHex(nonce) + hexOf(s) };
}

/** The first numbered message whose k, modulo 8, passes the test; `whole` is the same hash before its reduction by L. */
function search(
  publicKey: Point,
  nonce: Point,
  text: string,
  test: (reduced: number, whole: number) => boolean,
): Uint8Array {
  for (let i = 0; i < 1_000; i++) {
    const message = utf8(`${text}, ${i}`);
    const { reduced, whole } = challengeOf(nonce.toBytes(), publicKey.toBytes(), message);
    if (test(Number(reduced % 8n), Number(whole % 8n))) return message;
  }
  throw new Error("no message found");
}

const challenge = (nonce: Point, publicKey: Point, message: Uint8Array): bigint =>
  challengeOf(nonce.toBytes(), publicKey.toBytes(), message).reduced;

function challengeOf(
  nonce: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
): { reduced: bigint; whole: bigint } {
  const whole = fromLittleEndian(sha512(Uint8Array.from([...nonce, ...publicKey, ...message])));
  return { reduced: whole % L, whole };
}

function pointBytes(y: bigint, sign: 0 | 1): Uint8Array {
  return fromHex(hexOf(y + (BigInt(sign) << 255n)));
}

function scalar(label: string): bigint {
  return mod(fromLittleEndian(sha512(utf8(`anamnesis test ${label}`))));
}

function hexOf(value: bigint): string {
  return toHex(Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
}

function mod(value: bigint): bigint {
  return ((value % L) + L) % L;
}

function gcd(x: number, y: number): number {
  return y === 0 ? x : gcd(y, x % y);
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}
