/**
 * The `registry` module: who the members are, with which keys they sign and cosign, by which rules they decide
 * (spec/registry.md, ADR 0012).
 */
import { type Context, foundingSet, type Genesis } from "@anamnesis/ledger";
import type { Module } from "../module.ts";
import { enrol } from "./enrol.ts";
import { LEAVE_KIND, leave, ROTATE_COSIGNER_KIND, ROTATE_KEYS_KIND, rotateCosigner, rotateKeys } from "./own.ts";
import { VOUCH_KIND, vouch, WITHDRAW_KIND, withdraw } from "./person.ts";
import { foundMemberSet, STATE_VERSION, writePolicy, writeStateVersion } from "./rules.ts";
import { PROPOSE_KIND, propose, VOTE_KIND, vote } from "./voting.ts";

export const registry: Module = {
  name: "registry",
  genesis: found,
  commands: {
    [PROPOSE_KIND]: propose,
    [VOTE_KIND]: vote,
    [LEAVE_KIND]: leave,
    [ROTATE_KEYS_KIND]: rotateKeys,
    [ROTATE_COSIGNER_KIND]: rotateCosigner,
    [VOUCH_KIND]: vouch,
    [WITHDRAW_KIND]: withdraw,
  },
};

function found(context: Context, genesis: Genesis): void {
  for (const organisation of genesis.organisations) enrol(context, organisation);
  foundMemberSet(context, foundingSet(genesis));
  writePolicy(context, genesis.policy);
  writeStateVersion(context, STATE_VERSION);
}
