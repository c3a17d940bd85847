/**
 * Global transaction ids of MariaDB: `domain-server-sequence`. Within one domain the sequence rises with every commit in the
 * binary log, so it serves as position: `sequence × 8`, which leaves room between commits as every source must.
 */
import { captureError } from "../errors.ts";

export interface Gtid {
  readonly domain: number;
  readonly server: number;
  readonly sequence: bigint;
}

const PLACES = 8n;
const GTID = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/;
/** Transaction ids must be exact as numbers. */
const SEQUENCE_MAX = 2n ** 53n / PLACES;

/** Position of the commit. */
export const commitPosition = (sequence: bigint): bigint => sequence * PLACES;
/** The position after it, before any other commit. */
export const endPosition = (sequence: bigint): bigint => (sequence + 1n) * PLACES;
/** The newest sequence before a position. */
export const sequenceBefore = (position: bigint): bigint => (position <= 0n ? 0n : (position - 1n) / PLACES);

export const formatGtid = (g: Gtid): string => `${g.domain}-${g.server}-${g.sequence}`;

/**
 * Reads what the server calls a position: one id for each domain. Undefined = nothing was written yet.
 * @throws AnamnesisError `capture/several-domains`, `capture/malformed-message`
 */
export function parseGtid(text: string): Gtid | undefined {
  if (text.trim() === "") return undefined;
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > 1) throw severalDomains();
  const [, domain, server, sequence] = GTID.exec(parts[0] ?? "") ?? [];
  if (domain === undefined || server === undefined || sequence === undefined) {
    throw captureError("capture/malformed-message", "the database names its position in an unknown form");
  }
  if (BigInt(sequence) > SEQUENCE_MAX)
    throw captureError("capture/malformed-message", "the database's transaction number is too large");
  return { domain: Number(domain), server: Number(server), sequence: BigInt(sequence) };
}

export const severalDomains = () =>
  captureError(
    "capture/several-domains",
    "the binary log has several GTID domains, so its commits have no single order: write with one gtid_domain_id",
  );
