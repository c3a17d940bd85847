/** An action: what can be said about it without the state, whether it is possible now, and what it does. */
import { encode, equal } from "@anamnesis/core";
import { type Context, policyTuple, type Refusal } from "@anamnesis/ledger";
import { refuse } from "../refusal.ts";
import type { Action } from "./action.ts";
import { type Change, joining, recovering, reinstating, removing, suspending } from "./membership.ts";
import { upgrading } from "./migrations.ts";
import { checkNewKeys } from "./new-keys.ts";
import { readPolicy, writePolicy } from "./rules.ts";

/** Proofs of possession and plain names; once, when it is proposed. */
export function checkAction(context: Context, action: Action): Refusal | null {
  switch (action.type) {
    case "join": {
      const { organisation, proofs } = action;
      if (organisation.name.trim() === "" || /\p{Cc}/u.test(organisation.name)) {
        return refuse("registry/malformed", "the organisation's name is empty or has control characters");
      }
      return checkNewKeys(context, organisation.id, organisation, proofs);
    }
    case "recover":
      return checkNewKeys(context, action.id, action.keys, action.proofs);
    default:
      return null;
  }
}

/** What the action would do, or why it cannot be done. */
export function prepare(context: Context, action: Action): Change | Refusal {
  switch (action.type) {
    case "join":
      return joining(context, action.organisation);
    case "suspend":
      return suspending(context, action.id);
    case "reinstate":
      return reinstating(context, action.id);
    case "remove":
      return removing(context, action.id);
    case "recover":
      return recovering(context, action.id, action.keys);
    case "policy":
      if (equal(encode(policyTuple(readPolicy(context))), encode(policyTuple(action.policy)))) {
        return refuse("registry/no-change", "this is the policy already");
      }
      return () => writePolicy(context, action.policy);
    case "upgrade":
      return upgrading(context, action.version);
  }
}
