/** As much of CBOR (RFC 8949) as the ledger's formats use. The auditor has its own: it shares no code with what it audits. */
export type Item = bigint | string | null | boolean | Uint8Array | readonly Item[] | ReadonlyMap<string, Item>;

const text = new TextDecoder("utf-8", { fatal: true });

/** Reads one item that fills `data`. Throws a RangeError on anything else. */
export function readCbor(data: Uint8Array): Item {
  const [item, end] = readAt(data, 0);
  if (end !== data.length) throw new RangeError("bytes behind the item");
  return item;
}

function readAt(data: Uint8Array, start: number): readonly [Item, number] {
  const first = data[start];
  if (first === undefined) throw new RangeError("the data end inside an item");
  const major = first >> 5;
  if (major === 7) return [simple(first), start + 1];
  const [argument, at] = readArgument(data, start);
  const length = Number(argument);
  switch (major) {
    case 0:
      return [argument, at];
    case 1:
      return [-1n - argument, at];
    case 2:
      return [slice(data, at, length), at + length];
    case 3:
      return [text.decode(slice(data, at, length)), at + length];
    case 4:
      return readList(data, at, length);
    case 5:
      return readMap(data, at, length);
    default:
      throw new RangeError("tags are not used");
  }
}

function simple(first: number): Item {
  if (first === 0xf6) return null;
  if (first === 0xf4 || first === 0xf5) return first === 0xf5;
  throw new RangeError("a simple value that is not used");
}

function readArgument(data: Uint8Array, at: number): readonly [bigint, number] {
  const short = (data[at] ?? 0) & 31;
  if (short < 24) return [BigInt(short), at + 1];
  if (short > 27) throw new RangeError("an indefinite length");
  const bytes = 1 << (short - 24);
  const value = slice(data, at + 1, bytes).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const least = [24n, 256n, 65_536n, 4_294_967_296n][short - 24] ?? 0n;
  if (value < least) throw new RangeError("an integer longer than it must be");
  return [value, at + 1 + bytes];
}

function readList(data: Uint8Array, start: number, length: number): readonly [Item, number] {
  const items: Item[] = [];
  let at = start;
  for (let i = 0; i < length; i++) {
    const [item, next] = readAt(data, at);
    items.push(item);
    at = next;
  }
  return [items, at];
}

function readMap(data: Uint8Array, start: number, length: number): readonly [Item, number] {
  const items = new Map<string, Item>();
  let at = start;
  for (let i = 0; i < length; i++) {
    const [key, afterKey] = readAt(data, at);
    const [value, next] = readAt(data, afterKey);
    items.set(String(key), value);
    at = next;
  }
  return [items, at];
}

function slice(data: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length > data.length) throw new RangeError("the data end inside an item");
  return data.slice(at, at + length);
}

/** The other way: what the state's values must look like. */
export function writeCbor(item: Item | number): Uint8Array {
  if (item === null) return Uint8Array.of(0xf6);
  if (typeof item === "boolean") return Uint8Array.of(item ? 0xf5 : 0xf4);
  if (typeof item === "number" || typeof item === "bigint") return head(0, BigInt(item));
  if (typeof item === "string") {
    const bytes = new TextEncoder().encode(item);
    return Buffer.concat([head(3, BigInt(bytes.length)), bytes]);
  }
  if (item instanceof Uint8Array) return Buffer.concat([head(2, BigInt(item.length)), item]);
  if (item instanceof Map) throw new RangeError("maps are only read");
  const list = item as readonly Item[];
  return Buffer.concat([head(4, BigInt(list.length)), ...list.map(writeCbor)]);
}

function head(major: number, argument: bigint): Uint8Array {
  if (argument < 24n) return Uint8Array.of((major << 5) | Number(argument));
  const size = argument < 0x100n ? 0 : argument < 0x10000n ? 1 : argument < 0x100000000n ? 2 : 3;
  const out = new Uint8Array(1 + (1 << size));
  out[0] = (major << 5) | (24 + size);
  for (let i = out.length - 1, rest = argument; i > 0; i--, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}
