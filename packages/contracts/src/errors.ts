/** Why the contract modules refuse. The comment tells the submitter what to do. */
export type ContractErrorCode =
  | "events/malformed-batch" // header and events do not fit the format: a bug of the submitter
  | "events/wrong-root" // header and events do not belong together: submit them as they were signed
  | "events/stale-position" // the ledger already knows this stretch: continue from its position
  | "events/undeclared-gap" // the batch skips a stretch: begin it with a gap or restored event
  | "events/not-in-order"; // events must rise within the batch's positions: a bug of the submitter
