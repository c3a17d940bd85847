/** The members of a simulated chain, their keys, and its founding document. Everything from the seed. */
import { type OrgId, orgId } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import type { Genesis } from "@anamnesis/ledger";
import { founded } from "@anamnesis/ledger/conformance/founding";
import { Model } from "../auditor/model.ts";
import { EventRules } from "../auditor/rules-events.ts";
import type { Chance } from "../random.ts";

export interface Organisation {
  readonly id: OrgId;
  readonly signer: Signer;
}

export interface Founding {
  readonly genesis: Genesis;
  readonly logSeed: Uint8Array;
  readonly organisations: readonly Organisation[];
  /** Signs as well as anybody, but is nobody. */
  readonly stranger: Signer;
}

export const START_MS = 1_700_000_000_000;
const NAMES = ["nord", "sued", "west", "ost"] as const;

export function found(chance: Chance): Founding {
  const signer = () => signerFromSeed(native, "INTL-1", chance.bytes(32));
  const organisations = NAMES.slice(0, chance.between(1, 4)).map((name) => ({ id: orgId(name), signer: signer() }));
  const logSeed = chance.bytes(32);
  const logKey = native.ed25519PublicKey(logSeed);
  const genesis = founded(native, { chain: "simulated", time: START_MS, organisations, logKey });
  return { genesis, logSeed, organisations, stranger: signer() };
}

/** The auditor's model of the same foundation. */
export function modelOf({ genesis }: Founding): Model {
  const model = new Model(genesis.chain);
  for (const { id, keys } of genesis.organisations) {
    for (const { suite, publicKey } of keys) {
      const key = model.addKey(suite, publicKey, id);
      model.put(`key/${key}`, [suite, publicKey, id, 0n]);
    }
  }
  model.rules.push(new EventRules(model));
  return model;
}
