/** The codes with which the registry of members refuses. */
import type { RegistryErrorCode } from "@anamnesis/contracts";
import type { ErrorText } from "../errors.ts";

export const registryErrorsEn: Readonly<Record<RegistryErrorCode, ErrorText>> = {
  "registry/malformed": {
    text: "A command about members is not well-formed",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "registry/unknown-organisation": {
    text: "No organisation has this id",
    remedy: "See anamnesis members for the ids.",
  },
  "registry/known-organisation": {
    text: "This id was given to an organisation before",
    remedy: "An id is never given twice: choose another one.",
  },
  "registry/wrong-status": {
    text: "The organisation's status does not allow this",
    remedy: "See anamnesis members for its status.",
  },
  "registry/known-key": {
    text: "This key is in use on the ledger, or was",
    remedy: "Make a fresh key: every key has one owner and one use.",
  },
  "registry/unknown-key": {
    text: "This is not one of the organisation's current keys",
    remedy: "See anamnesis members for its keys.",
  },
  "registry/no-proof": {
    text: "The new key has not signed for itself",
    remedy: "Make the file again in the folder that holds the key (anamnesis init --join).",
  },
  "registry/last-key": {
    text: "An organisation keeps at least one key",
    remedy: "Add the new key before or together with retiring the old one.",
  },
  "registry/last-member": {
    text: "A ledger keeps at least one active organisation",
    remedy: "Let another organisation join or be reinstated first.",
  },
  "registry/too-many": {
    text: "A limit of the ledger is reached",
    remedy: "The message says which: keys, members or roles.",
  },
  "registry/too-many-proposals": {
    text: "This organisation has too many open proposals",
    remedy: "Wait until they are carried or expire.",
  },
  "registry/unknown-proposal": {
    text: "No proposal has this number",
    remedy: "See anamnesis members for the open ones.",
  },
  "registry/proposal-closed": {
    text: "The proposal is decided already",
    remedy: "Nothing is left to vote on.",
  },
  "registry/proposal-expired": {
    text: "The proposal has expired",
    remedy: "Propose it again.",
  },
  "registry/concerned": {
    text: "An organisation has no vote on what concerns itself",
    remedy: "The others decide.",
  },
  "registry/no-change": {
    text: "It is so already",
    remedy: "Nothing needs to be done.",
  },
  "registry/unknown-person": {
    text: "The organisation does not vouch for this person",
    remedy: "Check the name, or vouch for the person first (anamnesis person vouch).",
  },
  "registry/unknown-version": {
    text: "This software does not know that version of the state",
    remedy: "Update Anamnesis on every member's node, then propose again.",
  },
};
