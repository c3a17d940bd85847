/** The founding document as a file that people read, pass on and sign. */
import { type Cbor, encode, fromHex, toHex } from "@anamnesis/core";
import { ledgerError } from "./errors.ts";
import {
  decodeGenesis,
  GENESIS_VERSION,
  type Genesis,
  type GenesisOrganisation,
  type MemberKey,
  parseOrganisation,
} from "./genesis.ts";

interface OrganisationJson {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly { readonly suite: string; readonly publicKey: string }[];
  readonly cosigner: string;
}

interface GenesisJson {
  readonly version: number;
  readonly chain: string;
  readonly time: number;
  readonly organisations: readonly OrganisationJson[];
  readonly logKey: string;
  readonly policy: {
    readonly members: readonly number[];
    readonly rules: readonly number[];
    readonly proposalMs: number;
    readonly quota: { readonly burst: number; readonly perSecond: number };
  };
  readonly signatures: readonly { readonly keyId: string; readonly suite: string; readonly signature: string }[];
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** `genesisFromJson` gives back the same genesis. */
export function genesisToJson({ chain, time, organisations, logKey, policy, signatures }: Genesis): string {
  const readable: GenesisJson = {
    version: GENESIS_VERSION,
    chain,
    time,
    organisations: organisations.map(organisationJson),
    logKey: toHex(logKey),
    policy,
    signatures: signatures.map((s) => ({ keyId: toHex(s.keyId), suite: s.suite, signature: toHex(s.signature) })),
  };
  return text(readable);
}

/** Form alone, signatures may be missing: `checkGenesis`. @throws AnamnesisError `ledger/malformed` */
export function genesisFromJson(json: string): Genesis {
  return reading("the genesis file", () => {
    const { version, chain, time, organisations, logKey, policy: p, signatures } = JSON.parse(json) as GenesisJson;
    const policy: Cbor = [p.members, p.rules, p.proposalMs, [p.quota.burst, p.quota.perSecond]];
    const body = encode([chain, time, organisations.map(organisationOfJson), fromHex(logKey), policy]);
    const signed = signatures.map((s) => [fromHex(s.keyId), s.suite, fromHex(s.signature)]);
    return decodeGenesis(encode([version, body, signed]));
  });
}

/** What an organisation gives to the others: id, name and public keys. */
export const organisationToJson = (organisation: GenesisOrganisation): string => text(organisationJson(organisation));

/** @throws AnamnesisError `ledger/malformed` */
export const organisationFromJson = (json: string): GenesisOrganisation =>
  reading("the organisation's public file", () =>
    parseOrganisation(organisationOfJson(JSON.parse(json) as OrganisationJson)),
  );

const organisationJson = ({ id, name, keys, cosigner }: GenesisOrganisation): OrganisationJson => ({
  id,
  name,
  keys: keys.map((key: MemberKey) => ({ suite: key.suite, publicKey: toHex(key.publicKey) })),
  cosigner: toHex(cosigner),
});

const organisationOfJson = ({ id, name, keys, cosigner }: OrganisationJson): Cbor => [
  id,
  name,
  keys.map((key) => [key.suite, fromHex(key.publicKey)]),
  fromHex(cosigner),
];

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw ledgerError("ledger/malformed", `${what} cannot be read`, {}, { cause });
  }
}
