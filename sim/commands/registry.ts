/** What members propose, vote, and say about themselves: sensible things, and things that must be refused. */
import {
  type KeyUse,
  LEAVE_KIND,
  leaveBody,
  PROPOSE_KIND,
  possessionMessage,
  proposeBody,
  ROTATE_KEYS_KIND,
  rotateKeysBody,
  VOTE_KIND,
  VOUCH_KIND,
  voteBody,
  vouchBody,
  WITHDRAW_KIND,
  withdrawBody,
} from "@anamnesis/contracts";
import { type ChainId, type OrgId, orgId, toHex } from "@anamnesis/core";
import { keyId } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { DEFAULT_POLICY } from "@anamnesis/ledger";
import type { Chance } from "../random.ts";
import type { Draft } from "./events.ts";

/** What a client may refer to. */
export interface Surroundings {
  readonly chain: ChainId;
  readonly self: OrgId;
  readonly selfKey: Uint8Array;
  readonly organisations: readonly string[];
  readonly proposals: number;
  /** Seeds of the keys with which organisations ask to join, by the key's id: the client of one that is let in. */
  readonly applicants: Map<string, Applicant>;
}

export interface Applicant {
  readonly id: OrgId;
  readonly seed: Uint8Array;
  /** Seed of its cosigner key. */
  readonly cosigner: Uint8Array;
}

const HOUR_MS = 3_600_000;
const WHAT = { propose: 6, vote: 20, vouch: 2, withdraw: 1, "rotate-keys": 1, leave: 1 } as const;
const SHARES = [
  [1, 2],
  [2, 3],
  [3, 4],
] as const;

export function registryCommand(chance: Chance, around: Surroundings): Draft {
  switch (chance.weighted(WHAT)) {
    case "propose":
      return { kind: PROPOSE_KIND, body: proposal(chance, around), attachments: [] };
    case "vote": {
      if (around.proposals === 0) return { kind: PROPOSE_KIND, body: proposal(chance, around), attachments: [] };
      const number = chance.once(1, 20) ? around.proposals : Math.max(0, around.proposals - 1 - chance.below(2));
      return { kind: VOTE_KIND, body: voteBody(number, chance.once(4, 5)), attachments: [] };
    }
    case "vouch": {
      const roles = chance.pick([["nurse"], ["nurse", "physician"], ["physician"], []]);
      return { kind: VOUCH_KIND, body: vouchBody(person(chance), roles), attachments: [] };
    }
    case "withdraw":
      return { kind: WITHDRAW_KIND, body: withdrawBody(person(chance)), attachments: [] };
    case "rotate-keys":
      return { kind: ROTATE_KEYS_KIND, body: rotation(chance, around), attachments: [] };
    case "leave":
      // Seldom: who left is gone for good, and the simulation with it.
      if (chance.once(9, 10)) return registryCommand(chance, around);
      return { kind: LEAVE_KIND, body: leaveBody, attachments: [] };
  }
}

const person = (chance: Chance): Uint8Array => new Uint8Array(16).fill(chance.below(4));

function proposal(chance: Chance, around: Surroundings): Draft["body"] {
  const id = orgId(chance.once(1, 10) ? "nobody" : chance.pick(around.organisations));
  const type = chance.weighted({ suspend: 3, reinstate: 5, remove: 1, policy: 2, join: 2 });
  if (type === "join") return join(chance, around);
  if (type !== "policy") return proposeBody({ type, id });
  const shares = { members: chance.pick(SHARES), rules: chance.pick(SHARES) };
  const proposalMs = chance.pick([HOUR_MS, 24 * HOUR_MS]);
  return proposeBody({ type, policy: { ...DEFAULT_POLICY, ...shares, proposalMs } });
}

/** A new organisation that shows that it has its keys; sometimes with the proofs of somebody else. */
export function join(chance: Chance, around: Surroundings): Draft["body"] {
  const id = orgId(chance.once(1, 6) ? chance.pick(around.organisations) : `new-${chance.below(50)}`);
  const [seed, other] = [chance.bytes(32), chance.bytes(32)];
  const publicKey = native.ed25519PublicKey(seed);
  const cosigner = native.ed25519PublicKey(other);
  around.applicants.set(toHex(keyId(native, "INTL-1", publicKey)), { id, seed, cosigner: other });
  const owner = chance.once(1, 6) ? "somebody" : id;
  const proofs = {
    keys: [proof(around.chain, owner, "sign", seed)],
    cosigner: proof(around.chain, owner, "cosign", other),
  };
  const organisation = { id, name: `Hospital ${id}`, keys: [{ suite: "INTL-1", publicKey }], cosigner };
  return proposeBody({ type: "join", organisation, proofs });
}

function rotation(chance: Chance, { chain, self, selfKey }: Surroundings): Draft["body"] {
  const seed = chance.bytes(32);
  const publicKey = native.ed25519PublicKey(seed);
  const key = { suite: "INTL-1", publicKey, proof: proof(chain, chance.once(1, 4) ? "other" : self, "sign", seed) };
  const retired = chance.pick([[], [], [chance.bytes(16)], chance.once(1, 8) ? [selfKey, selfKey] : []]);
  return rotateKeysBody({ added: chance.once(1, 5) ? [] : [key], retired });
}

function proof(chain: ChainId, organisation: string, use: KeyUse, seed: Uint8Array): Uint8Array {
  const key = { suite: "INTL-1", publicKey: native.ed25519PublicKey(seed) };
  return native.ed25519Sign(seed, possessionMessage(native, { chain, organisation, use, key }));
}
