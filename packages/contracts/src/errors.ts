import type { RegistryErrorCode } from "./registry/errors.ts";

/** Why the contract modules refuse. The comment tells the submitter what to do. */
export type ContractErrorCode =
  | RegistryErrorCode
  | "events/malformed-batch" // header and events do not fit the format: a bug of the submitter
  | "events/wrong-root" // header and events do not belong together: submit them as they were signed
  | "events/stale-position" // the ledger already knows this stretch: continue from its position
  | "events/undeclared-gap" // the batch skips a stretch: begin it with a gap or restored event
  | "events/not-in-order" // events must rise within the batch's positions: a bug of the submitter
  | "events/over-quota" // too many events for now: submit again when the message says; the members may raise the quota by vote
  | "incentive/malformed-seal" // the seal does not fit the format: a bug of the submitter
  | "incentive/nothing-to-seal" // wait for something new on the ledger
  | "incentive/stale-seal" // that stretch is sealed already: seal the newest checkpoint
  | "incentive/too-early" // try again after the pause between two seals
  | "incentive/not-in-line" // the stretch holds only events of the submitter: somebody else seals it
  | "incentive/not-your-turn" // wait for the turn; the message says how long
  | "incentive/bad-cosignature" // a cosignature fits no active member, or not the checkpoint: collect them again
  | "incentive/old-cosignature" // older than what is to be sealed: ask for new ones
  | "incentive/no-quorum"; // more than two thirds of the members are needed
