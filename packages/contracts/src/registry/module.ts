/**
 * The `registry` module: who the members are, with which keys they sign and cosign, by which rules they decide
 * (spec/registry.md, ADR 0012).
 */
import { type Context, foundingSet, type Genesis } from "@anamnesis/ledger";
import type { Module } from "../module.ts";
import { enrol } from "./enrol.ts";
import { foundMemberSet, STATE_VERSION, writePolicy, writeStateVersion } from "./rules.ts";

export const registry: Module = { name: "registry", commands: {}, genesis: found };

function found(context: Context, genesis: Genesis): void {
  for (const organisation of genesis.organisations) enrol(context, organisation);
  foundMemberSet(context, foundingSet(genesis));
  writePolicy(context, genesis.policy);
  writeStateVersion(context, STATE_VERSION);
}
