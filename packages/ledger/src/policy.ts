/** The rules that members set for themselves: how many must agree, how long a proposal stands, how much one may submit. */
import { asTuple, asUint, badEncoding, type Cbor } from "@anamnesis/core";

export interface Policy {
  /** Yes votes on who is a member must be more than this share of the active organisations, the one concerned left out. */
  readonly members: Share;
  /** The same for the rules themselves: this policy, the log's key, the version of the state. */
  readonly rules: Share;
  /** How long a proposal stands, in milliseconds of agreed time. */
  readonly proposalMs: number;
  readonly quota: Quota;
}

/** `[numerator, denominator]`, at least a half and below one. */
export type Share = readonly [number, number];

/** Events that an organisation may submit: a bucket that holds `burst` and refills by `perSecond`, in agreed time. */
export interface Quota {
  readonly burst: number;
  readonly perSecond: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The quota stops a flood, never a hospital: an hour of capture at 250,000 events a second (more than one process makes
 * durable) fits into the bucket, and 86 million events a day flow in.
 */
export const DEFAULT_POLICY: Policy = {
  members: [1, 2],
  rules: [2, 3],
  proposalMs: 14 * DAY_MS,
  quota: { burst: 900_000_000, perSecond: 1000 },
};

const SHARE_DENOMINATOR_MAX = 1000;
const PROPOSAL_MS_MAX = 366 * DAY_MS;
/** A bucket that one full batch does not fit into would silence a member for good. */
const BURST_MIN = 4096;
/** Below 2^53 also when multiplied by the thousandths in which the bucket is counted. */
const QUOTA_MAX = 1_000_000_000_000;

export const policyTuple = (policy: Policy): Cbor => [
  policy.members,
  policy.rules,
  policy.proposalMs,
  [policy.quota.burst, policy.quota.perSecond],
];

/** @throws AnamnesisError `core/bad-encoding`, also for a policy out of bounds */
export function parsePolicy(value: Cbor | undefined): Policy {
  const [members, rules, life, quota] = asTuple(value, 4, "policy");
  const [burst, perSecond] = asTuple(quota, 2, "quota");
  return {
    members: share(members, "share for members"),
    rules: share(rules, "share for rules"),
    proposalMs: between(life, HOUR_MS, PROPOSAL_MS_MAX, "life of a proposal"),
    quota: {
      burst: between(burst, BURST_MIN, QUOTA_MAX, "burst of the quota"),
      perSecond: between(perSecond, 1, QUOTA_MAX, "refill of the quota"),
    },
  };
}

function share(value: Cbor | undefined, what: string): Share {
  const [part, whole] = asTuple(value, 2, what);
  const [n, d] = [asUint(part, what), between(whole, 2, SHARE_DENOMINATOR_MAX, what)];
  if (2 * n < d || n >= d) throw badEncoding(what, "expected at least a half and less than all");
  return [n, d];
}

function between(value: Cbor | undefined, least: number, most: number, what: string): number {
  const n = asUint(value, what);
  if (n < least || n > most) throw badEncoding(what, `expected ${least} to ${most}`);
  return n;
}

/** Whether `yes` of `of` organisations are more than the share. */
export const passes = ([part, whole]: Share, yes: number, of: number): boolean => yes * whole > of * part;
