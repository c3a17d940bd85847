/** Writing organisations and their keys: what the foundation and an accepted proposal have in common. */
import { asUint, decode, encode, invariant, toHex } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import {
  type Context,
  decodeMemberKey,
  encodeMemberKey,
  type GenesisOrganisation,
  type KeyStatus,
  type MemberKey,
  memberKeyPath,
} from "@anamnesis/ledger";
import {
  encodeOrganisation,
  ORGANISATION_COUNT,
  ORGANISATION_LIST,
  type Organisation,
  organisationPath,
} from "./organisation.ts";

export const keyIdOf = (context: Pick<Context, "primitives">, { suite, publicKey }: MemberKey): Uint8Array =>
  keyId(context.primitives, suiteOf(suite).id, publicKey);

/** Adds an organisation that never was one, active, with its keys. */
export function enrol(context: Context, { id, name, keys, cosigner }: GenesisOrganisation): void {
  const bytes = context.get(ORGANISATION_COUNT);
  const count = bytes === undefined ? 0 : asUint(decode(bytes, "count"), "count");
  context.put(`${ORGANISATION_LIST}/${count}`, encode(id));
  context.put(ORGANISATION_COUNT, encode(count + 1));
  const ids = keys.map((key) => addKey(context, id, key));
  writeOrganisation(context, id, { name, status: "active", keys: ids, cosigner, proposals: [] });
}

export function addKey(context: Context, organisation: string, key: MemberKey): Uint8Array {
  const id = keyIdOf(context, key);
  context.put(memberKeyPath(toHex(id)), encodeMemberKey(key.suite, key.publicKey, organisation));
  return id;
}

export function setKeyStatus(context: Context, id: Uint8Array, status: KeyStatus): void {
  const path = memberKeyPath(toHex(id));
  const record = context.get(path);
  invariant(record !== undefined, "an organisation's key is in the state");
  const { suite, publicKey, organisation } = decodeMemberKey(record);
  context.put(path, encodeMemberKey(suite, publicKey, organisation, status));
}

export const writeOrganisation = (context: Context, id: string, organisation: Organisation): void =>
  context.put(organisationPath(id), encodeOrganisation(organisation));
