/** What members propose, vote, and say about themselves: sensible things, and things that must be refused. */
import {
  LEAVE_KIND,
  leaveBody,
  PROPOSE_KIND,
  proposeBody,
  ROTATE_COSIGNER_KIND,
  ROTATE_KEYS_KIND,
  VOTE_KIND,
  VOUCH_KIND,
  voteBody,
  vouchBody,
  WITHDRAW_KIND,
  withdrawBody,
} from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { DEFAULT_POLICY } from "@anamnesis/ledger";
import type { Chance } from "../random.ts";
import type { Draft } from "./events.ts";
import { cosignerRotation, type Keyring, newKeys, recovery, rotation } from "./keys.ts";

/** What a client may refer to. */
export interface Surroundings extends Keyring {
  readonly organisations: readonly string[];
  readonly proposals: number;
}

const HOUR_MS = 3_600_000;
const WHAT = { propose: 6, vote: 16, vouch: 2, withdraw: 1, "rotate-keys": 4, "rotate-cosigner": 3, leave: 1 } as const;
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
    case "rotate-cosigner":
      return { kind: ROTATE_COSIGNER_KIND, body: cosignerRotation(chance, around), attachments: [] };
    case "leave":
      // Seldom: who left is gone for good, and the simulation with it.
      if (chance.once(9, 10)) return registryCommand(chance, around);
      return { kind: LEAVE_KIND, body: leaveBody, attachments: [] };
  }
}

const person = (chance: Chance): Uint8Array => new Uint8Array(16).fill(chance.below(4));

function proposal(chance: Chance, around: Surroundings): Draft["body"] {
  const id = orgId(chance.once(1, 10) ? "nobody" : chance.pick(around.organisations));
  const type = chance.weighted({ suspend: 3, reinstate: 5, remove: 1, policy: 2, join: 2, recover: 2 });
  if (type === "join") return join(chance, around);
  if (type === "recover") return proposeBody(recovery(chance, around, id));
  if (type !== "policy") return proposeBody({ type, id });
  const shares = { members: chance.pick(SHARES), rules: chance.pick(SHARES) };
  const proposalMs = chance.pick([HOUR_MS, 24 * HOUR_MS]);
  const quota = chance.pick([DEFAULT_POLICY.quota, { burst: 4096, perSecond: 2 }]);
  return proposeBody({ type, policy: { ...shares, proposalMs, quota } });
}

/** A new organisation that shows that it has its keys. */
function join(chance: Chance, around: Surroundings): Draft["body"] {
  const id = orgId(chance.once(1, 6) ? chance.pick(around.organisations) : `new-${chance.below(50)}`);
  const { keys, proofs } = newKeys(chance, around, id);
  return proposeBody({ type: "join", organisation: { id, name: `Hospital ${id}`, ...keys }, proofs });
}

/** What a vote is to be about at once: mostly that somebody joins, else that a member gets other keys. */
export function appeal(chance: Chance, around: Surroundings): Draft["body"] {
  if (chance.once(2, 3)) return join(chance, around);
  return proposeBody(recovery(chance, around, orgId(chance.pick(around.organisations))));
}
