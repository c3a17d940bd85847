/** Who acts in the registry. */
import { invariant, type OrgId, orgId } from "@anamnesis/core";
import type { Context } from "@anamnesis/ledger";
import { type Organisation, readOrganisation } from "./organisation.ts";

/** The organisation that acts: that of the first signature. */
export function actor(context: Context): OrgId {
  const [first] = context.signers;
  invariant(first !== undefined, "a command is signed");
  return orgId(first);
}

export function organisationOf(context: Context, id: string): Organisation {
  const organisation = readOrganisation(context, id);
  invariant(organisation !== undefined, "whose key signs is in the registry");
  return organisation;
}
