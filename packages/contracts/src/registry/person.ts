/**
 * Persons of an organisation and their roles. The ledger knows a person as a keyed handle of its organisation: no name, no
 * number, nothing that another organisation could join. The organisation vouches, changes and withdraws by itself.
 */
import {
  asBytes,
  asList,
  asText,
  asTuple,
  asUint,
  badEncoding,
  type Cbor,
  decode,
  encode,
  equal,
  toHex,
} from "@anamnesis/core";
import type { Refusal, SignedTransaction, StateReader } from "@anamnesis/ledger";
import type { Command } from "../module.ts";
import { reading, refuse } from "../refusal.ts";
import { actor } from "./actor.ts";

export const VOUCH_KIND = "registry.vouch";
export const WITHDRAW_KIND = "registry.withdraw";

export interface Person {
  /** Rising, without repetition; none: the organisation no longer vouches. */
  readonly roles: readonly string[];
  /** Agreed time (ms) of the newest change. */
  readonly since: number;
}

/** Bytes of a person's handle. */
export const PERSON_BYTES = 16;
const ROLES_MAX = 16;
const ROLE = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

export const personPath = (organisation: string, handle: Uint8Array): string =>
  `person/${organisation}/${toHex(handle)}`;

export const vouchBody = (handle: Uint8Array, roles: readonly string[]): Cbor => [handle, roles];
export const withdrawBody = (handle: Uint8Array): Cbor => [handle];

export function readPerson(state: StateReader, organisation: string, handle: Uint8Array): Person | undefined {
  const value = state.get(personPath(organisation, handle));
  return value === undefined ? undefined : decodePerson(value);
}

/** @throws AnamnesisError `core/bad-encoding` */
export function decodePerson(value: Uint8Array): Person {
  const [roles, since] = asTuple(decode(value, "person"), 2, "person");
  return { roles: parseRoles(roles), since: asUint(since, "time") };
}

const encodePerson = ({ roles, since }: Person): Uint8Array => encode([roles, since]);

export const vouch: Command = {
  check(tx) {
    const read = readVouch(tx);
    if ("code" in read) return read;
    return read.roles.length === 0
      ? refuse("registry/malformed", "a person is vouched for in at least one role")
      : null;
  },
  handle(context, tx) {
    const read = readVouch(tx);
    if ("code" in read) return read;
    const known = readPerson(context, actor(context), read.handle);
    if (known !== undefined && equal(encode(known.roles), encode(read.roles))) {
      return refuse("registry/no-change", "the person has these roles already");
    }
    const person = { roles: read.roles, since: context.time };
    context.put(personPath(actor(context), read.handle), encodePerson(person));
    return null;
  },
};

export const withdraw: Command = {
  check(tx) {
    const read = readHandle(tx);
    return "code" in read ? read : null;
  },
  handle(context, tx) {
    const read = readHandle(tx);
    if ("code" in read) return read;
    const known = readPerson(context, actor(context), read.handle);
    if (known === undefined || known.roles.length === 0) {
      return refuse("registry/unknown-person", "the organisation does not vouch for such a person");
    }
    context.put(personPath(actor(context), read.handle), encodePerson({ roles: [], since: context.time }));
    return null;
  },
};

function parseRoles(value: Cbor | undefined): readonly string[] {
  const roles = asList(value, ROLES_MAX, "roles").map((role) => asText(role, 32, "role"));
  if (!roles.every((role) => ROLE.test(role)))
    throw badEncoding("role", "expected 1 to 32 of a-z, 0-9 and inner hyphens");
  if (roles.some((role, i) => i > 0 && role <= (roles[i - 1] ?? ""))) throw badEncoding("roles", "they must rise");
  return roles;
}

const readVouch = ({ transaction }: SignedTransaction): { handle: Uint8Array; roles: readonly string[] } | Refusal =>
  reading("registry/malformed", () => {
    const [handle, roles] = asTuple(transaction.body, 2, "vouching");
    return { handle: asBytes(handle, PERSON_BYTES, "person"), roles: parseRoles(roles) };
  });

const readHandle = ({ transaction }: SignedTransaction): { handle: Uint8Array } | Refusal =>
  reading("registry/malformed", () => ({
    handle: asBytes(asTuple(transaction.body, 1, "person")[0], PERSON_BYTES, "person"),
  }));
