/** Members' keys as the state holds them: whose each is, and whether it may still sign. The host reads them before every command. */
import { asBytesUpTo, asList, asText, asTuple, asUint, type Bytes, badEncoding, decode, encode } from "@anamnesis/core";

/** `suspended`: its organisation is; `retired`: replaced, or its organisation left. What it signed before stays signed. */
export type KeyStatus = "active" | "suspended" | "retired";

export interface MemberKeyRecord {
  readonly suite: string;
  readonly publicKey: Uint8Array;
  readonly organisation: string;
  readonly status: KeyStatus;
}

/** By their number in the state. */
const STATUSES: readonly KeyStatus[] = ["active", "suspended", "retired"];

/** State key of a member's key. */
export const memberKeyPath = (keyIdHex: string): string => `key/${keyIdHex}`;

export const encodeMemberKey = (
  suite: string,
  publicKey: Uint8Array,
  organisation: string,
  status: KeyStatus = "active",
): Uint8Array => encode([suite, publicKey, organisation, STATUSES.indexOf(status)]);

/** @throws AnamnesisError `core/bad-encoding` */
export function decodeMemberKey(bytes: Bytes): MemberKeyRecord {
  const tuple = asList(decode(bytes, "member key"), 4, "member key");
  const [suite, publicKey, organisation] = asTuple(tuple.slice(0, 3), 3, "member key");
  // Version 1 of the state knew no status.
  const status = tuple.length === 3 ? "active" : STATUSES[asUint(tuple[3], "status of a key")];
  if (status === undefined) throw badEncoding("status of a key", "expected 0 to 2");
  return {
    suite: asText(suite, 16, "suite"),
    publicKey: asBytesUpTo(publicKey, 256, "public key"),
    organisation: asText(organisation, 32, "organisation"),
    status,
  };
}
