/** Why the registry refuses. The comment tells the submitter what to do. */
export type RegistryErrorCode =
  | "registry/malformed" // the body does not fit the format, or contradicts itself: a bug of the submitter
  | "registry/unknown-organisation" // no organisation of this id: see `anamnesis members`
  | "registry/known-organisation" // the id was given before and is not given twice: choose another one
  | "registry/wrong-status" // the organisation is not in the status that this needs: see `anamnesis members`
  | "registry/known-key" // the key is in use or was: make a fresh one
  | "registry/unknown-key" // not one of the organisation's current keys
  | "registry/no-proof" // the new key has not signed for itself: make the file again in the folder that holds the key
  | "registry/last-key" // an organisation keeps at least one key: add the new one first
  | "registry/last-member" // a ledger keeps at least one active organisation
  | "registry/too-many" // a limit of the format is reached: keys, members, organisations or roles
  | "registry/too-many-proposals" // wait until own proposals are carried or expire
  | "registry/unknown-proposal" // no proposal has this number: see `anamnesis members`
  | "registry/proposal-closed" // it was carried already: nothing left to vote on
  | "registry/proposal-expired" // its time is over: propose again
  | "registry/concerned" // nobody votes about itself
  | "registry/no-change" // it is so already: the same vote, policy, key or roles
  | "registry/unknown-person" // no such person at this organisation
  | "registry/unknown-version"; // this software knows no such version of the state: update it first
