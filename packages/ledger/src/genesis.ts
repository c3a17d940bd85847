/**
 * The founding document: who the first members are, which key signs the log's checkpoints, by which rules they decide.
 * Leaf 0 of every log. It founds something only when every founder signed it (`genesis-check.ts`).
 */
import {
  asBytes,
  asBytesUpTo,
  asList,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type Cbor,
  type ChainId,
  chainId,
  decode,
  encode,
  type OrgId,
  orgId,
} from "@anamnesis/core";
import { ledgerError } from "./errors.ts";
import { type Policy, parsePolicy, policyTuple } from "./policy.ts";
import type { Signature } from "./transaction.ts";

/** What the founders sign. */
export interface GenesisBody {
  readonly chain: ChainId;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly organisations: readonly GenesisOrganisation[];
  /** Ed25519 key (32 bytes) that signs the checkpoints. */
  readonly logKey: Uint8Array;
  readonly policy: Policy;
}

export interface Genesis extends GenesisBody {
  /** At most one per organisation, in the order of the organisations; a complete document has all. */
  readonly signatures: readonly Signature[];
}

export interface GenesisOrganisation {
  readonly id: OrgId;
  readonly name: string;
  readonly keys: readonly MemberKey[];
  /** Ed25519 key (32 bytes) with which it cosigns checkpoints. */
  readonly cosigner: Uint8Array;
}

export interface MemberKey {
  readonly suite: string;
  readonly publicKey: Uint8Array;
}

export const GENESIS_VERSION = 2;
export const ORGANISATION_NAME_MAX = 200;
/** Keys that one organisation may sign transactions with at one time. */
export const MEMBER_KEYS_MAX = 16;
const FOUNDERS_MAX = 1000;

/** The log's origin, as in the first line of its checkpoints and the name of its key. */
export const logOrigin = (chain: ChainId): string => `anamnesis/${chain}`;

export const encodeGenesisBody = (body: GenesisBody): Uint8Array =>
  encode([body.chain, body.time, body.organisations.map(organisationTuple), body.logKey, policyTuple(body.policy)]);

export const organisationTuple = ({ id, name, keys, cosigner }: GenesisOrganisation): Cbor => [
  id,
  name,
  keys.map((key) => [key.suite, key.publicKey]),
  cosigner,
];

export function encodeGenesis(genesis: Genesis): Uint8Array {
  const signatures = genesis.signatures.map((s) => [s.keyId, s.suite, s.signature]);
  return encode([GENESIS_VERSION, encodeGenesisBody(genesis), signatures]);
}

/** Form alone; who signed is `checkGenesis`. @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier`, `ledger/malformed` */
export function decodeGenesis(document: Bytes): Genesis {
  const tuple = decode(document, "genesis");
  const [version] = asList(tuple, 5, "genesis");
  if (version !== GENESIS_VERSION) throw ledgerError("ledger/malformed", "genesis of an unknown version");
  const [, body, signatures] = asTuple(tuple, 3, "genesis");
  if (!(body instanceof Uint8Array)) throw ledgerError("ledger/malformed", "genesis without a body");
  return { ...decodeGenesisBody(body), signatures: asList(signatures, FOUNDERS_MAX, "signatures").map(parseSignature) };
}

export function decodeGenesisBody(body: Bytes): GenesisBody {
  const [chain, time, organisations, logKey, policy] = asTuple(decode(body, "genesis body"), 5, "genesis body");
  return {
    chain: chainId(asText(chain, 32, "chain")),
    time: asUint(time, "genesis time"),
    organisations: asList(organisations, FOUNDERS_MAX, "organisations").map(parseOrganisation),
    logKey: asBytes(logKey, 32, "log key"),
    policy: parsePolicy(policy),
  };
}

export function parseOrganisation(item: Cbor | undefined): GenesisOrganisation {
  const [id, name, keys, cosigner] = asTuple(item, 4, "organisation");
  return {
    id: orgId(asText(id, 32, "organisation id")),
    name: asText(name, ORGANISATION_NAME_MAX, "organisation name"),
    keys: asList(keys, MEMBER_KEYS_MAX, "keys").map(parseMemberKey),
    cosigner: asBytes(cosigner, 32, "cosigner key"),
  };
}

export function parseMemberKey(item: Cbor | undefined): MemberKey {
  const [suite, publicKey] = asTuple(item, 2, "key");
  return { suite: asText(suite, 16, "suite"), publicKey: asBytesUpTo(publicKey, 256, "public key") };
}

function parseSignature(item: Cbor): Signature {
  const [keyId, suite, signature] = asTuple(item, 3, "signature");
  return {
    keyId: asBytes(keyId, 16, "key id"),
    suite: asText(suite, 16, "suite"),
    signature: asBytesUpTo(signature, 256, "signature"),
  };
}
