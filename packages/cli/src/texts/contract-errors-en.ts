/** The codes with which the contract modules refuse. */
import type { ContractErrorCode } from "@anamnesis/contracts";
import type { ErrorText } from "../errors.ts";
import { registryErrorsEn } from "./registry-errors-en.ts";

export const contractErrorsEn: Readonly<Record<ContractErrorCode, ErrorText>> = {
  ...registryErrorsEn,
  "events/over-quota": {
    text: "This organisation has submitted too many events for now",
    remedy: "Capture waits and goes on by itself; the members may raise the quota by vote (anamnesis propose policy).",
  },
  "events/malformed-batch": {
    text: "A batch of events is not well-formed",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "events/wrong-root": {
    text: "A batch and its events do not belong together",
    remedy: "Start the command again; if it comes back, report it with this text.",
  },
  "events/stale-position": {
    text: "The ledger already knows this stretch of the source",
    remedy: "Do not run two captures of one source. Start again: it continues from the ledger's position.",
  },
  "events/undeclared-gap": {
    text: "A batch skips a stretch of the source's history",
    remedy: "Start again: the gap will be declared on the ledger.",
  },
  "events/not-in-order": {
    text: "Events are out of order",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "incentive/malformed-seal": {
    text: "A seal is not well-formed",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "incentive/nothing-to-seal": {
    text: "There is nothing to seal",
    remedy: "Wait until something new stands on the ledger.",
  },
  "incentive/stale-seal": {
    text: "That stretch is sealed already",
    remedy: "Read the newest checkpoint again, and seal that.",
  },
  "incentive/too-early": {
    text: "The last seal is too young",
    remedy: "Try again in a few seconds.",
  },
  "incentive/not-in-line": {
    text: "A stretch of one's own events only is sealed by another member",
    remedy: "Leave it to the next in line.",
  },
  "incentive/not-your-turn": {
    text: "It is another member's turn to seal",
    remedy: "Wait for yours: the message says how long.",
  },
  "incentive/bad-cosignature": {
    text: "A cosignature in the seal is wrong",
    remedy: "Collect the cosignatures again; if it happens again, find out who sends wrong ones.",
  },
  "incentive/old-cosignature": {
    text: "A cosignature is older than what is to be sealed",
    remedy: "Ask the members to cosign the newest checkpoint, and check their clocks.",
  },
  "incentive/no-quorum": {
    text: "Too few members cosigned",
    remedy: "Wait until more than two thirds of them have, and see who is missing with `status`.",
  },
};
