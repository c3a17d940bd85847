/** What members vote on (spec/registry.md, "Proposals"). */
import {
  asBytes,
  asBytesUpTo,
  asList,
  asText,
  asTuple,
  asUint,
  badEncoding,
  type Cbor,
  type OrgId,
  orgId,
} from "@anamnesis/core";
import {
  type GenesisOrganisation,
  MEMBER_KEYS_MAX,
  type MemberKey,
  organisationTuple,
  type Policy,
  parseMemberKey,
  parseOrganisation,
  parsePolicy,
  policyTuple,
  type Share,
} from "@anamnesis/ledger";

export type Action =
  | { readonly type: "join"; readonly organisation: GenesisOrganisation; readonly proofs: Proofs }
  | { readonly type: "suspend" | "reinstate" | "remove"; readonly id: OrgId }
  | { readonly type: "recover"; readonly id: OrgId; readonly keys: NewKeys; readonly proofs: Proofs }
  | { readonly type: "policy"; readonly policy: Policy }
  | { readonly type: "upgrade"; readonly version: number };

export type NewKeys = Pick<GenesisOrganisation, "keys" | "cosigner">;

/** Proofs of possession: of each key in the order of the keys, and of the cosigner key. */
export interface Proofs {
  readonly keys: readonly Uint8Array[];
  readonly cosigner: Uint8Array;
}

export function actionTuple(action: Action): Cbor {
  switch (action.type) {
    case "join":
      return [action.type, organisationTuple(action.organisation), proofsTuple(action.proofs)];
    case "suspend":
    case "reinstate":
    case "remove":
      return [action.type, action.id];
    case "recover":
      return [action.type, action.id, keysTuple(action.keys), proofsTuple(action.proofs)];
    case "policy":
      return [action.type, policyTuple(action.policy)];
    case "upgrade":
      return [action.type, action.version];
  }
}

/** @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier` */
export function parseAction(value: Cbor | undefined): Action {
  const tuple = asList(value, 4, "action");
  const type = asText(tuple[0], 16, "action");
  switch (type) {
    case "join": {
      const [, organisation, proofs] = asTuple(value, 3, type);
      return { type, organisation: parseOrganisation(organisation), proofs: parseProofs(proofs) };
    }
    case "suspend":
    case "reinstate":
    case "remove":
      return { type, id: parseId(asTuple(value, 2, type)[1]) };
    case "recover": {
      const [, id, keys, proofs] = asTuple(value, 4, type);
      return { type, id: parseId(id), keys: parseKeys(keys), proofs: parseProofs(proofs) };
    }
    case "policy":
      return { type, policy: parsePolicy(asTuple(value, 2, type)[1]) };
    default:
      return { type: known(type), version: asUint(asTuple(value, 2, type)[1], "version") };
  }
}

const known = (type: string): "upgrade" => {
  if (type === "upgrade") return type;
  throw badEncoding("action", "not one of join, suspend, reinstate, remove, recover, policy, upgrade");
};

/** The organisation that an action is about: it has no vote on it. */
export function concerned(action: Action): OrgId | undefined {
  if (action.type === "join") return action.organisation.id;
  return "id" in action ? action.id : undefined;
}

/** The share that an action needs: who is a member, or the rules themselves. */
export const shareOf = (action: Action, policy: Policy): Share =>
  action.type === "policy" || action.type === "upgrade" ? policy.rules : policy.members;

export const proofsTuple = ({ keys, cosigner }: Proofs): Cbor => [keys, cosigner];

export function parseProofs(value: Cbor | undefined): Proofs {
  const [keys, cosigner] = asTuple(value, 2, "proofs");
  return {
    keys: asList(keys, MEMBER_KEYS_MAX, "proofs").map((proof) => asBytesUpTo(proof, 256, "proof")),
    cosigner: asBytesUpTo(cosigner, 256, "proof"),
  };
}

const keyTuple = ({ suite, publicKey }: MemberKey): Cbor => [suite, publicKey];
const keysTuple = ({ keys, cosigner }: NewKeys): Cbor => [keys.map(keyTuple), cosigner];

function parseKeys(value: Cbor | undefined): NewKeys {
  const [keys, cosigner] = asTuple(value, 2, "keys");
  return {
    keys: asList(keys, MEMBER_KEYS_MAX, "keys").map(parseMemberKey),
    cosigner: asBytes(cosigner, 32, "cosigner key"),
  };
}

const parseId = (value: Cbor | undefined): OrgId => orgId(asText(value, 32, "organisation id"));
