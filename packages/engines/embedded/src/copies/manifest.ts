/** What a snapshot says of itself: `manifest.json` beside the copied store (spec/log.md, "Snapshot"). Nothing in it is believed. */
import { fromUtf8 } from "@anamnesis/core";
import { ledgerError } from "@anamnesis/ledger";
import type { Hashed } from "./files.ts";

/** Names in a snapshot's folder: the store has the name that it has in a ledger's folder. */
export const MANIFEST = "manifest.json";
const FORMAT = "anamnesis/snapshot/v1";
const MANIFEST_BYTES_MAX = 256 * 1024;

export interface SnapshotManifest {
  readonly chain: string;
  /** SHA-256 of the founding document, hex. */
  readonly genesis: string;
  /** Leaves of the log. */
  readonly size: number;
  /** Leaves below this index have no bytes in it. */
  readonly pruned: number;
  /** The signed checkpoint of `size` leaves, with the cosignatures known for it. */
  readonly checkpoint: string;
  /** The newest sealed checkpoint that was known, a signed note of at most `size` leaves. */
  readonly sealed: string | null;
  readonly store: Hashed;
}

export function manifestToJson({ store, ...rest }: SnapshotManifest): string {
  return `${JSON.stringify({ format: FORMAT, ...rest, store }, null, 2)}\n`;
}

/** @throws AnamnesisError `ledger/bad-snapshot` */
export function manifestFromJson(bytes: Uint8Array): SnapshotManifest {
  if (bytes.length > MANIFEST_BYTES_MAX) throw bad("its manifest is too large");
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    throw bad("its manifest is not JSON");
  }
  const { format, chain, genesis, size, pruned, checkpoint, sealed, store } = fieldsOf(value);
  if (format !== FORMAT) throw bad("its format is not known to this version");
  const { bytes: length, sha256 } = fieldsOf(store);
  return {
    chain: text(chain, "chain"),
    genesis: hash(genesis, "genesis"),
    size: count(size, "size"),
    pruned: count(pruned, "pruned"),
    checkpoint: text(checkpoint, "checkpoint"),
    sealed: sealed === null ? null : text(sealed, "sealed"),
    store: { bytes: count(length, "store.bytes"), sha256: hash(sha256, "store.sha256") },
  };
}

export const badSnapshot = (why: string, cause?: unknown) => ledgerError("ledger/bad-snapshot", why, {}, { cause });

const bad = badSnapshot;

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) throw bad("its manifest is incomplete");
  return { ...value };
};

function text(value: unknown, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw bad(`its manifest has no ${field}`);
}

function count(value: unknown, field: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw bad(`its manifest has no ${field}`);
}

function hash(value: unknown, field: string): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return value;
  throw bad(`its manifest has no ${field}`);
}
