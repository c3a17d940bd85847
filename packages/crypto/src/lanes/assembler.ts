/**
 * Just enough of the WebAssembly binary format (WebAssembly Core Specification 2.0, §5) to write one module by hand: a
 * function body is a list of bytes, and a module wraps bodies, a memory and its first contents.
 */

export type Code = readonly number[];

/** Opcodes used here; those of 128-bit vectors come behind the prefix 0xfd (§5.4.8). */
const VECTOR = 0xfd;
export const I32 = 0x7f;
export const V128 = 0x7b;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];
export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const load32 = (offset: number): Code => [0x28, 2, ...unsigned(offset)];

export const op = {
  add: [0x6a],
  subtract: [0x6b],
  isZero: [0x45],
  greater: [0x4a],
  /** `a b condition select`: a where the condition holds. */
  select: [0x1b],
  end: [0x0b],
  /** An endless loop without result; `repeatIf` inside it goes back to its start. */
  loop: [0x03, 0x40],
  repeatIf: [0x0d, 0],
  return: [0x0f],
  ifThen: [0x04, 0x40],
} as const satisfies Readonly<Record<string, Code>>;

const vector = (code: number, ...more: readonly number[]): Code => [VECTOR, ...unsigned(code), ...more];

/** Vectors of four 32-bit lanes. */
export const v = {
  load: (offset: number): Code => vector(0, 0, ...unsigned(offset)),
  /** One word from memory into all lanes. */
  loadSplat: (offset: number): Code => vector(9, 2, ...unsigned(offset)),
  store: (offset: number): Code => vector(11, 0, ...unsigned(offset)),
  /** Picks 16 of the 32 bytes of two vectors. */
  shuffle: (bytes: readonly number[]): Code => vector(13, ...bytes),
  splat: vector(17),
  replaceLane: (lane: number): Code => vector(28, lane),
  greater: vector(59),
  and: vector(78),
  or: vector(80),
  xor: vector(81),
  /** `a b mask`: bits of a where the mask is set, else of b. */
  bitselect: vector(82),
  shiftLeft: vector(171),
  shiftRight: vector(173),
  add: vector(174),
} as const;

export interface FunctionBody {
  readonly name: string;
  /** All parameters are i32; no result. */
  readonly parameters: number;
  /** Local variables behind the parameters. */
  readonly locals: readonly { readonly count: number; readonly type: number }[];
  readonly code: Code;
}

/** A module with one memory (exported as `memory`), its contents from address 0, and exported functions. */
export function moduleBytes(
  functions: readonly FunctionBody[],
  pages: number,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const types = functions.map((f) => [0x60, ...list(Array.from({ length: f.parameters }, () => [I32])), 0]);
  const exported = [[...text("memory"), 2, 0], ...functions.map((f, i) => [...text(f.name), 0, ...unsigned(i)])];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(5, list([[0, ...unsigned(pages)]])),
    ...section(7, list(exported)),
    ...section(10, list(functions.map(body))),
    ...section(11, list([[0, ...i32(0), ...op.end, ...unsigned(data.length), ...data]])),
  ]);
}

function body({ locals, code }: FunctionBody): Code {
  const declared = list(locals.map(({ count, type }) => [...unsigned(count), type]));
  const bytes = [...declared, ...code, ...op.end];
  return [...unsigned(bytes.length), ...bytes];
}

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const text = (name: string): Code => [...unsigned(name.length), ...Array.from(name, (c) => c.charCodeAt(0))];

/** LEB128, §5.2.2. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const byte = rest & 0x7f;
    if ((rest >> 6 === 0 && byte < 0x40) || (rest >> 6 === -1 && byte >= 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}
