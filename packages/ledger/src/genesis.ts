/** The founding document: who the first members are and which key signs the log's checkpoints. Leaf 0 of every log. */
import {
  asBytes,
  asBytesUpTo,
  asList,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type ChainId,
  chainId,
  decode,
  encode,
  fromHex,
  type OrgId,
  orgId,
  toHex,
} from "@anamnesis/core";
import { ledgerError } from "./errors.ts";

export interface Genesis {
  readonly chain: ChainId;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly organisations: readonly GenesisOrganisation[];
  /** Ed25519 key (32 bytes) that signs the checkpoints of the embedded engine. */
  readonly logKey: Uint8Array;
}

export interface GenesisOrganisation {
  readonly id: OrgId;
  readonly name: string;
  readonly keys: readonly MemberKey[];
}

export interface MemberKey {
  readonly suite: string;
  readonly publicKey: Uint8Array;
}

/** The log's origin, as in the first line of its checkpoints and the name of its key. */
export const logOrigin = (chain: ChainId): string => `anamnesis/${chain}`;

export function encodeGenesis(genesis: Genesis): Uint8Array {
  const organisations = genesis.organisations.map((o) => [o.id, o.name, o.keys.map((k) => [k.suite, k.publicKey])]);
  return encode([1, genesis.chain, genesis.time, organisations, genesis.logKey]);
}

export function decodeGenesis(document: Bytes): Genesis {
  const [version, chain, time, organisations, logKey] = asTuple(decode(document, "genesis"), 5, "genesis");
  if (version !== 1) throw ledgerError("ledger/malformed", "genesis of an unknown version");
  return {
    chain: chainId(asText(chain, 32, "chain")),
    time: asUint(time, "genesis time"),
    organisations: asList(organisations, 1000, "organisations").map((item) => {
      const [id, name, keys] = asTuple(item, 3, "organisation");
      return {
        id: orgId(asText(id, 32, "organisation id")),
        name: asText(name, 200, "organisation name"),
        keys: asList(keys, 16, "keys").map((key) => {
          const [suite, publicKey] = asTuple(key, 2, "key");
          return { suite: asText(suite, 16, "suite"), publicKey: asBytesUpTo(publicKey, 256, "public key") };
        }),
      };
    }),
    logKey: asBytes(logKey, 32, "log key"),
  };
}

/** The document as a file that people can read; `genesisFromJson` gives back the same genesis. */
export function genesisToJson(genesis: Genesis): string {
  const readable = {
    version: 1,
    chain: genesis.chain,
    time: genesis.time,
    organisations: genesis.organisations.map((o) => ({
      id: o.id,
      name: o.name,
      keys: o.keys.map((k) => ({ suite: k.suite, publicKey: toHex(k.publicKey) })),
    })),
    logKey: toHex(genesis.logKey),
  };
  return `${JSON.stringify(readable, null, 2)}\n`;
}

export function genesisFromJson(text: string): Genesis {
  try {
    const json = JSON.parse(text) as {
      version: number;
      chain: string;
      time: number;
      organisations: { id: string; name: string; keys: { suite: string; publicKey: string }[] }[];
      logKey: string;
    };
    const organisations = json.organisations.map((o) => [
      o.id,
      o.name,
      o.keys.map((k) => [k.suite, fromHex(k.publicKey)]),
    ]);
    return decodeGenesis(encode([json.version, json.chain, json.time, organisations, fromHex(json.logKey)]));
  } catch (cause) {
    throw ledgerError("ledger/malformed", "the genesis file cannot be read", {}, { cause });
  }
}
