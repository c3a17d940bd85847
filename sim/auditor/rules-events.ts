/** The rules of batches, from spec/encoding.md ("Events: the batch" and "Event leaf"). */
import { type Item, readCbor } from "./cbor.ts";
import { bytes, type Command, hex, list, str, uint } from "./formats.ts";
import type { BlockOf, Model, Rules, Seen } from "./model.ts";
import type { RegistryRules } from "./rules-registry.ts";
import { merkleRoot } from "./trees.ts";

const KINDS =
  "baseline create update delete truncate read schema gap restored erase retired accepted contradicted".split(" ");
const BATCH_EVENTS = 4096;
const BATCH_BYTES = 600 * 1024;

type Place = readonly [lsn: bigint, ordinal: bigint];

interface Header {
  readonly source: string;
  readonly incarnation: Uint8Array;
  readonly from: Place;
  readonly to: Place;
  readonly count: bigint;
  readonly root: Uint8Array;
}

interface Source {
  readonly incarnation: Uint8Array;
  readonly position: Place;
  readonly batches: bigint;
  readonly events: bigint;
}

interface Bucket {
  /** Thousandths of an event. */
  readonly left: bigint;
  readonly asOf: bigint;
}

interface Event {
  readonly kind: string;
  readonly source: string;
  readonly place: Place;
}

export class EventRules implements Rules {
  readonly kinds = ["events.batch"];
  readonly sources = new Map<string, Source>();
  readonly #model: Model;
  readonly #registry: RegistryRules;
  readonly #buckets = new Map<string, Bucket>();

  constructor(model: Model, registry: RegistryRules) {
    this.#model = model;
    this.#registry = registry;
    model.owned.push("source/", "quota/");
  }

  /** Events that an organisation may still submit at that time, in thousandths: full at first, then what flows in. */
  left(organisation: string, time: bigint): bigint {
    const [burst, perSecond] = this.#registry.quota;
    const bucket = this.#buckets.get(organisation);
    if (bucket === undefined) return 1000n * burst;
    const { left, asOf } = bucket;
    const now = time > asOf ? left + (time - asOf) * perSecond : left;
    // A full bucket takes nothing in; one that the members made smaller keeps no more than it holds.
    return now > 1000n * burst ? 1000n * burst : now;
  }

  leaves(command: Command): number {
    return Number(readHeader(command.body).count);
  }

  broken({ command, attachments }: Seen, signers: readonly string[], time: bigint): ReadonlySet<string> {
    const codes = new Set<string>();
    const total = attachments.reduce((sum, leaf) => sum + leaf.length, 0);
    if (attachments.length > BATCH_EVENTS || total > BATCH_BYTES) codes.add("ledger/too-large");
    const header = attempt(() => readHeader(command.body));
    const events = attempt(() => attachments.map(readEvent));
    if (header === undefined || events === undefined) return codes.add("events/malformed-batch");
    if (header.count === 0n || header.count !== BigInt(attachments.length)) codes.add("events/malformed-batch");
    if (!before(header.from, header.to)) codes.add("events/malformed-batch");
    if (events.some((event) => event.source !== header.source)) codes.add("events/malformed-batch");
    if (!inOrder(header, events)) codes.add("events/not-in-order");
    if (hex(merkleRoot(attachments)) !== hex(header.root)) codes.add("events/wrong-root");
    const gap = this.#continuity(header, `${signers[0] ?? ""}/${header.source}`, events[0]);
    if (gap !== undefined) codes.add(gap);
    if (this.left(signers[0] ?? "", time) < 1000n * header.count) codes.add("events/over-quota");
    return codes;
  }

  #continuity(header: Header, source: string, first: Event | undefined): string | undefined {
    if (first !== undefined && declares(first)) return undefined;
    const known = this.sources.get(source);
    if (known !== undefined && hex(known.incarnation) !== hex(header.incarnation)) return "events/undeclared-gap";
    const position = known?.position ?? [0n, 0n];
    if (before(header.from, position)) return "events/stale-position";
    return before(position, header.from) ? "events/undeclared-gap" : undefined;
  }

  apply({ command }: Seen, signers: readonly string[], { time }: BlockOf): void {
    const header = readHeader(command.body);
    const who = signers[0] ?? "";
    const name = `${who}/${header.source}`;
    const asOf = this.#buckets.get(who)?.asOf ?? time;
    const bucket = { left: this.left(who, time) - 1000n * header.count, asOf: time > asOf ? time : asOf };
    this.#buckets.set(who, bucket);
    this.#model.put(`quota/${who}`, [bucket.left, bucket.asOf]);
    const known = this.sources.get(name);
    const { incarnation, to: position } = header;
    const batches = (known?.batches ?? 0n) + 1n;
    const events = (known?.events ?? 0n) + header.count;
    this.sources.set(name, { incarnation, position, batches, events });
    this.#model.put(`source/${name}`, [incarnation, [position[0], position[1]], batches, events]);
  }
}

function readHeader(body: Item): Header {
  const [source, incarnation, from, to, count, root] = list(body, 6);
  const name = str(source);
  if (!/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) throw new RangeError("not the name of a source");
  return {
    source: name,
    incarnation: sized(incarnation, 8),
    from: readPlace(from),
    to: readPlace(to),
    count: uint(count),
    root: sized(root, 32),
  };
}

function readPlace(item: Item | undefined): Place {
  const [lsn, ordinal] = list(item, 2);
  return [uint(lsn), uint(ordinal)];
}

function readEvent(leaf: Uint8Array): Event {
  const fields = list(readCbor(leaf), 13);
  const [type, kind, source, table, row, schema, commitment, lsn, ordinal, xid, time, actor, purpose] = fields;
  if (type !== 2n || !KINDS.includes(str(kind))) throw new RangeError("not an event");
  sized(table, 8);
  for (const [value, length] of [[row, 16] as const, [schema, 8] as const, [commitment, 32] as const]) {
    if (value !== null) sized(value, length);
  }
  if (actor !== null) sized(actor, 16);
  if (purpose !== null) str(purpose);
  uint(xid);
  uint(time);
  return { kind: str(kind), source: str(source), place: [uint(lsn), uint(ordinal)] };
}

function sized(item: Item | undefined, length: number): Uint8Array {
  const value = bytes(item);
  if (value.length !== length) throw new RangeError("bytes of another length");
  return value;
}

const before = (a: Place, b: Place): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const declares = ({ kind }: Event): boolean => kind === "gap" || kind === "restored";

/** Rising within (from, to]; a first event that declares a gap may lie before `from`. */
function inOrder({ from, to }: Header, events: readonly Event[]): boolean {
  const rises = events.every((event, i) => {
    if (i === 0) return declares(event) || before(from, event.place);
    return before(events[i - 1]?.place ?? from, event.place);
  });
  const last = events.at(-1)?.place ?? to;
  return rises && !before(to, last);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}
