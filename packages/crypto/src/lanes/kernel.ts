/**
 * SHA-256 (FIPS 180-4) of four messages at once, one per 32-bit lane of a 128-bit vector, as a WebAssembly function.
 *
 * `hash4(job, blocks)` works on four jobs that lie one behind the other, four words of 4 bytes each (little-endian):
 * address of the padded message, number of its 64-byte blocks, address of the state to start from (32 bytes, words in the
 * machine's order), address for the digest or state. `blocks` is the largest number among them. A lane that has no blocks
 * left goes on computing, and its result is not taken.
 *
 * The message schedule is kept as 16 words that are replaced as they are used up: 16 rounds as they are, then three times
 * 16 rounds with new words. After 16 rounds the eight working variables stand where they stood.
 */
import { type Code, get, I32, i32, load32, moduleBytes, op, set, tee, V128, v } from "./assembler.ts";
import { INITIAL, ROUNDS } from "./constants.ts";

export const JOB_BYTES = 16;
/** Where the module keeps its constants: the round constants, then the initial state. */
export const INITIAL_AT = 256;
export const FREE_AT = 512;

const JOB = 0;
const MOST = 1;
const POINTER = (lane: number): number => 2 + lane;
const LEFT = (lane: number): number => 6 + lane;
const DONE = 10;
const PASS = 11;
const FIRST_VECTOR = 12;
const STATE = (i: number): number => FIRST_VECTOR + (i & 7);
const WORK = (i: number): number => FIRST_VECTOR + 8 + (i & 7);
const WORD = (i: number): number => FIRST_VECTOR + 16 + (i & 15);
const T1 = FIRST_VECTOR + 32;
const T2 = FIRST_VECTOR + 33;
const VECTORS = 34;

const seq = (...parts: readonly Code[]): Code => parts.flat();
const each = (n: number, make: (i: number) => Code): Code => Array.from({ length: n }, (_, i) => make(i)).flat();

const rotate = (local: number, by: number): Code =>
  seq(get(local), i32(by), v.shiftRight, get(local), i32(32 - by), v.shiftLeft, v.or);

const bigSigma = (x: number, a: number, b: number, c: number): Code =>
  seq(rotate(x, a), rotate(x, b), v.xor, rotate(x, c), v.xor);

const smallSigma = (x: number, a: number, b: number, shift: number): Code =>
  seq(rotate(x, a), rotate(x, b), v.xor, get(x), i32(shift), v.shiftRight, v.xor);

/** Round t of a pass; the working variables move down one place by being named anew. */
function round(t: number): Code {
  const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => WORK(i - t)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const choose = seq(get(f), get(g), v.xor, get(e), v.and, get(g), v.xor);
  const majority = seq(get(a), get(b), v.xor, get(b), get(c), v.xor, v.and, get(b), v.xor);
  return seq(
    ...[get(h), get(PASS), v.loadSplat(4 * t), v.add, get(WORD(t)), v.add],
    ...[bigSigma(e, 6, 11, 25), v.add, choose, v.add, set(T1)],
    ...[get(d), get(T1), v.add, set(d)],
    ...[bigSigma(a, 2, 13, 22), majority, v.add, get(T1), v.add, set(h)],
  );
}

const schedule = (t: number): Code =>
  seq(
    ...[get(WORD(t)), smallSigma(WORD(t + 1), 7, 18, 3), v.add],
    ...[get(WORD(t + 9)), v.add, smallSigma(WORD(t + 14), 17, 19, 10), v.add, set(WORD(t))],
  );

const bytesOf = (words: readonly number[]): readonly number[] =>
  words.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]);
const LOW = bytesOf([0, 4, 1, 5]);
const HIGH = bytesOf([2, 6, 3, 7]);
const EVEN = bytesOf([0, 1, 4, 5]);
const ODD = bytesOf([2, 3, 6, 7]);
/** Big-endian words in memory, little-endian in the machine. */
const SWAP = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/** Four vectors with a lane's words each become four with one word of all lanes, and back. */
const transpose = (at: (i: number) => number): Code =>
  seq(
    ...[get(at(0)), get(at(1)), v.shuffle(LOW), set(T1), get(at(2)), get(at(3)), v.shuffle(LOW), set(T2)],
    ...[get(at(0)), get(at(1)), v.shuffle(HIGH), set(at(0)), get(at(2)), get(at(3)), v.shuffle(HIGH), set(at(1))],
    ...[get(at(0)), get(at(1)), v.shuffle(EVEN), set(at(2)), get(at(0)), get(at(1)), v.shuffle(ODD), set(at(3))],
    ...[get(T1), get(T2), v.shuffle(EVEN), set(at(0)), get(T1), get(T2), v.shuffle(ODD), set(at(1))],
  );

const swap = (local: number): Code => seq(get(local), get(local), v.shuffle(SWAP), set(local));

const field = (lane: number, word: number): Code => seq(get(JOB), load32(JOB_BYTES * lane + 4 * word));

/** Loads 16 words of each lane and turns them into the schedule's first words. */
const loadBlock = each(4, (quarter) => {
  const at = (lane: number) => WORD(4 * quarter + lane);
  return seq(
    each(4, (lane) => seq(get(POINTER(lane)), v.load(16 * quarter), set(at(lane)), swap(at(lane)))),
    transpose(at),
  );
});

/** Lanes that still have a block take the sums; the others keep their state. */
const addState = seq(
  get(LEFT(0)),
  v.splat,
  each(3, (i) => seq(get(LEFT(i + 1)), v.replaceLane(i + 1))),
  i32(0),
  v.splat,
  v.greater,
  set(T1),
  each(8, (i) => seq(get(STATE(i)), get(WORK(i)), v.add, get(STATE(i)), get(T1), v.bitselect, set(STATE(i)))),
);

/** The pointer of a lane without blocks stays, so nothing is read behind its message. */
const step = each(4, (lane) =>
  seq(
    ...[get(LEFT(lane)), i32(1), op.subtract, set(LEFT(lane))],
    ...[get(POINTER(lane)), i32(64), op.add, get(POINTER(lane)), get(LEFT(lane)), i32(0), op.greater, op.select],
    set(POINTER(lane)),
  ),
);

const begin = seq(
  each(4, (lane) => seq(field(lane, 0), set(POINTER(lane)), field(lane, 1), set(LEFT(lane)))),
  each(2, (half) =>
    seq(
      each(4, (lane) => seq(field(lane, 2), v.load(16 * half), set(STATE(4 * half + lane)))),
      transpose((lane) => STATE(4 * half + lane)),
    ),
  ),
);

const finish = (swapped: boolean): Code =>
  each(2, (half) => {
    const at = (i: number) => STATE(4 * half + i);
    return seq(
      transpose(at),
      each(4, (lane) => seq(swapped ? swap(at(lane)) : [], field(lane, 3), get(at(lane)), v.store(16 * half))),
    );
  });

const compress = seq(
  op.loop,
  loadBlock,
  each(8, (i) => seq(get(STATE(i)), set(WORK(i)))),
  i32(0),
  set(PASS),
  each(16, round),
  op.loop,
  get(PASS),
  i32(64),
  op.add,
  set(PASS),
  each(16, (t) => seq(schedule(t), round(t))),
  i32(192),
  get(PASS),
  op.greater,
  op.repeatIf,
  op.end,
  addState,
  step,
  get(DONE),
  i32(1),
  op.add,
  tee(DONE),
  set(DONE),
  get(MOST),
  get(DONE),
  op.greater,
  op.repeatIf,
  op.end,
);

const LOCALS = [
  { count: 10, type: I32 },
  { count: VECTORS, type: V128 },
];

/** `hash4` writes digests (big-endian), `state4` states to start from. */
export function kernelBytes(pages: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(FREE_AT);
  const view = new DataView(data.buffer);
  for (const [i, word] of ROUNDS.entries()) view.setUint32(4 * i, word, true);
  for (const [i, word] of INITIAL.entries()) view.setUint32(INITIAL_AT + 4 * i, word, true);
  const body = (name: string, swapped: boolean) => ({
    name,
    parameters: 2,
    locals: LOCALS,
    code: seq(begin, compress, finish(swapped)),
  });
  return moduleBytes([body("hash4", true), body("state4", false)], pages, data);
}
