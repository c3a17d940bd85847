/** The members of a simulated chain, their keys, and its founding document. Everything from the seed. */
import { type OrgId, orgId } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import type { Genesis } from "@anamnesis/ledger";
import { cosignerSeed, founded } from "@anamnesis/ledger/conformance/founding";
import { keyIdOf } from "../auditor/formats.ts";
import { Model } from "../auditor/model.ts";
import { EventRules } from "../auditor/rules-events.ts";
import { IncentiveRules } from "../auditor/rules-incentive.ts";
import { RefuseRules } from "../auditor/rules-refuse.ts";
import { RegistryRules } from "../auditor/rules-registry.ts";
import type { Chance } from "../random.ts";

export interface Organisation {
  readonly id: OrgId;
  readonly signer: Signer;
  /** Seed of its key of transactions. */
  readonly signing: Uint8Array;
  /** Seed of the key with which it cosigns checkpoints. */
  readonly cosigner: Uint8Array;
}

export interface Founding {
  readonly genesis: Genesis;
  readonly logSeed: Uint8Array;
  readonly organisations: readonly Organisation[];
  /** Signs as well as anybody, but is nobody. */
  readonly stranger: Signer;
}

export const START_MS = 1_700_000_000_000;
/** Shares that a vote must pass. */
const SHARES = [
  [1, 2],
  [2, 3],
  [3, 4],
] as const;
const NAMES = ["nord", "sued", "west", "ost", "mitte"] as const;

export function found(chance: Chance): Founding {
  const signer = (seed: Uint8Array) => signerFromSeed(native, "INTL-1", seed);
  const organisations = NAMES.slice(0, chance.pick([1, 2, 3, 4, 4, 5, 5])).map((name) => {
    const signing = chance.bytes(32);
    return { id: orgId(name), signing, signer: signer(signing), cosigner: cosignerSeed(native, name) };
  });
  const logSeed = chance.bytes(32);
  const logKey = native.ed25519PublicKey(logSeed);
  const policy = {
    proposalMs: chance.pick([3_600_000, 86_400_000]),
    members: chance.pick(SHARES),
    rules: chance.pick(SHARES),
    ...(chance.once(1, 3) ? { quota: { burst: 4096, perSecond: chance.between(1, 3) } } : {}),
  };
  const genesis = founded(native, { chain: "simulated", time: START_MS, organisations, logKey, policy });
  return { genesis, logSeed, organisations, stranger: signer(chance.bytes(32)) };
}

function registryOf(model: Model, { organisations, logKey, policy }: Genesis): RegistryRules {
  const founders = organisations.map(({ id, name, keys, cosigner }) => {
    return { id, name, cosigner, keys: keys.map((key) => keyIdOf(key.suite, key.publicKey)) };
  });
  const share = ([part, whole]: readonly [number, number]) => [BigInt(part), BigInt(whole)];
  const quota = [BigInt(policy.quota.burst), BigInt(policy.quota.perSecond)];
  const rules = [share(policy.members), share(policy.rules), BigInt(policy.proposalMs), quota];
  return new RegistryRules(model, founders, logKey, rules);
}

interface Foretold {
  readonly model: Model;
  readonly registry: RegistryRules;
  readonly incentive: IncentiveRules;
  readonly events: EventRules;
}

/** The auditor's model of the same foundation. */
export function modelOf({ genesis }: Founding): Foretold {
  const model = new Model(genesis.chain);
  for (const { id, keys } of genesis.organisations) {
    for (const { suite, publicKey } of keys) {
      model.addKey(suite, publicKey, id);
    }
  }
  const registry = registryOf(model, genesis);
  const incentive = new IncentiveRules(model, registry);
  const events = new EventRules(model, registry);
  model.rules.push(events, registry, incentive, new RefuseRules(model));
  return { model, registry, incentive, events };
}
