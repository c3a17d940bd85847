/** What the state holds of an organisation, active or not: `org/<id>`, and its number in the list of all that ever were. */
import {
  asBytes,
  asList,
  asText,
  asTuple,
  asUint,
  badEncoding,
  decode,
  encode,
  type OrgId,
  orgId,
} from "@anamnesis/core";
import { MEMBER_KEYS_MAX, ORGANISATION_NAME_MAX, type StateReader } from "@anamnesis/ledger";

/** `suspended`: its keys are refused until the others reinstate it. `left`, `removed`: for good. */
export type OrganisationStatus = "active" | "suspended" | "left" | "removed";

export interface Organisation {
  readonly name: string;
  readonly status: OrganisationStatus;
  /** Ids (16 bytes) of the keys that sign for it; retired ones are not among them. */
  readonly keys: readonly Uint8Array[];
  /** Ed25519 key (32 bytes) of its cosignatures. */
  readonly cosigner: Uint8Array;
  /** Numbers of its proposals that are not settled, rising. */
  readonly proposals: readonly number[];
}

/** By their number in the state. */
const STATUSES: readonly OrganisationStatus[] = ["active", "suspended", "left", "removed"];

export const organisationPath = (id: string): string => `org/${id}`;
/** Number of organisations that ever were; `organisation/<i>` is the id of the i-th. */
export const ORGANISATION_COUNT = "organisation-count";
export const ORGANISATION_LIST = "organisation";

/** Proposals of one organisation that may stand open at one time. */
export const OPEN_PROPOSALS_MAX = 16;

export function readOrganisation(state: StateReader, id: string): Organisation | undefined {
  const value = state.get(organisationPath(id));
  return value === undefined ? undefined : decodeOrganisation(value);
}

export const encodeOrganisation = ({ name, status, keys, cosigner, proposals }: Organisation): Uint8Array =>
  encode([name, STATUSES.indexOf(status), keys, cosigner, proposals]);

/** @throws AnamnesisError `core/bad-encoding` */
export function decodeOrganisation(value: Uint8Array): Organisation {
  const [name, number, keys, cosigner, proposals] = asTuple(decode(value, "organisation"), 5, "organisation");
  const status = STATUSES[asUint(number, "status")];
  if (status === undefined) throw badEncoding("status of an organisation", "expected 0 to 3");
  return {
    name: asText(name, ORGANISATION_NAME_MAX, "name"),
    status,
    keys: asList(keys, MEMBER_KEYS_MAX, "keys").map((id) => asBytes(id, 16, "key id")),
    cosigner: asBytes(cosigner, 32, "cosigner key"),
    proposals: asList(proposals, OPEN_PROPOSALS_MAX, "proposals").map((n) => asUint(n, "proposal")),
  };
}

/** Ids of the organisations `from`, `from + 1`, … in the order in which they came, at most `count`. */
export function readOrganisationIds(state: StateReader, from = 0, count = Number.POSITIVE_INFINITY): readonly OrgId[] {
  const bytes = state.get(ORGANISATION_COUNT);
  const all = bytes === undefined ? 0 : asUint(decode(bytes, "count"), "count");
  const ids: OrgId[] = [];
  for (let i = from; i < Math.min(all, from + count); i++) {
    const id = state.get(`${ORGANISATION_LIST}/${i}`);
    if (id !== undefined) ids.push(orgId(asText(decode(id, "organisation id"), 32, "organisation id")));
  }
  return ids;
}
