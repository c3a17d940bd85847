/** What an accepted proposal does to one organisation. Everything is checked before anything is written. */
import type { OrgId } from "@anamnesis/core";
import { type Context, type GenesisOrganisation, type KeyStatus, MEMBERS_MAX, type Refusal } from "@anamnesis/ledger";
import { refuse } from "../refusal.ts";
import type { NewKeys } from "./action.ts";
import { addKey, enrol, setKeyStatus, writeOrganisation } from "./enrol.ts";
import { checkCosigner, checkUnused } from "./new-keys.ts";
import { type Organisation, type OrganisationStatus, readOrganisation, readOrganisationIds } from "./organisation.ts";
import { changeMemberSet, readMemberSet } from "./rules.ts";

/** Organisations that a ledger can ever have: bounds every walk over them. */
const ORGANISATIONS_MAX = 4096;

/** What a change would do, once it is known to be possible. */
export type Change = () => void;

export function joining(context: Context, organisation: GenesisOrganisation): Change | Refusal {
  if (readOrganisation(context, organisation.id) !== undefined) {
    return refuse("registry/known-organisation", "an organisation of this id is or was a member");
  }
  const full = readMemberSet(context).members.length >= MEMBERS_MAX;
  if (full || readOrganisationIds(context, ORGANISATIONS_MAX - 1, 1).length > 0) {
    return refuse("registry/too-many", "the ledger has as many organisations as it can have");
  }
  const fault =
    checkUnused(context, organisation.keys) ?? checkCosigner(context, organisation.id, organisation.cosigner);
  if (fault !== null) return fault;
  return () => {
    enrol(context, organisation);
    seat(context, organisation.id, organisation.cosigner);
  };
}

export const suspending = (context: Context, id: OrgId): Change | Refusal =>
  changing(context, id, ["active"], "suspended", "suspended");

/** For good; `left` when it goes by itself. */
export const removing = (context: Context, id: OrgId, status: "removed" | "left" = "removed"): Change | Refusal =>
  changing(context, id, ["active", "suspended"], status, "retired");

export function reinstating(context: Context, id: OrgId): Change | Refusal {
  const organisation = inStatus(context, id, ["suspended"]);
  if ("code" in organisation) return organisation;
  const fault = checkCosigner(context, id, organisation.cosigner);
  if (fault !== null) return fault;
  return () => {
    for (const key of organisation.keys) setKeyStatus(context, key, "active");
    writeOrganisation(context, id, { ...organisation, status: "active" });
    seat(context, id, organisation.cosigner);
  };
}

/** Other keys for an organisation whose own cannot be trusted any more. A suspended one stays suspended. */
export function recovering(context: Context, id: OrgId, { keys, cosigner }: NewKeys): Change | Refusal {
  const organisation = inStatus(context, id, ["active", "suspended"]);
  if ("code" in organisation) return organisation;
  const fault = checkUnused(context, keys) ?? checkCosigner(context, id, cosigner);
  if (fault !== null) return fault;
  return () => {
    for (const key of organisation.keys) setKeyStatus(context, key, "retired");
    const ids = keys.map((key) => addKey(context, id, key));
    const suspended = organisation.status === "suspended";
    if (suspended) for (const key of ids) setKeyStatus(context, key, "suspended");
    else seat(context, id, cosigner);
    writeOrganisation(context, id, { ...organisation, keys: ids, cosigner });
  };
}

function changing(
  context: Context,
  id: OrgId,
  from: readonly OrganisationStatus[],
  status: OrganisationStatus,
  keyStatus: KeyStatus,
): Change | Refusal {
  const organisation = inStatus(context, id, from);
  if ("code" in organisation) return organisation;
  const { members } = readMemberSet(context);
  if (members.every((member) => member.id === id)) {
    return refuse("registry/last-member", "a ledger keeps at least one active organisation");
  }
  const retired = keyStatus === "retired";
  return () => {
    for (const key of organisation.keys) setKeyStatus(context, key, keyStatus);
    writeOrganisation(context, id, { ...organisation, status, keys: retired ? [] : organisation.keys });
    if (organisation.status === "active") {
      changeMemberSet(context, (set) => ({ ...set, members: set.members.filter((member) => member.id !== id) }));
    }
  };
}

function inStatus(context: Context, id: OrgId, from: readonly OrganisationStatus[]): Organisation | Refusal {
  const organisation = readOrganisation(context, id);
  if (organisation === undefined) return refuse("registry/unknown-organisation", "no organisation has this id");
  if (from.includes(organisation.status)) return organisation;
  return refuse("registry/wrong-status", `the organisation is ${organisation.status}, not ${from.join(" or ")}`);
}

/** Puts an organisation into the member set, or another cosigner key into its seat. */
export function seat(context: Context, id: OrgId, cosigner: Uint8Array): void {
  changeMemberSet(context, (set) => ({
    ...set,
    members: [...set.members.filter((member) => member.id !== id), { id, cosigner }],
  }));
}
