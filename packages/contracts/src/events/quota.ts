/**
 * How many events an organisation may still submit: a bucket that refills in agreed time. It is counted in thousandths of an
 * event, so that a refill of `perSecond` events a second is exact to the millisecond in whole numbers.
 */
import { asTuple, asUint, decode, encode } from "@anamnesis/core";
import type { Context, Quota, Refusal, StateReader } from "@anamnesis/ledger";
import { refuse } from "../refusal.ts";
import { readPolicy } from "../registry/rules.ts";

export interface Bucket {
  /** Thousandths of an event. */
  readonly left: number;
  /** Agreed time, ms. */
  readonly asOf: number;
}

const PER_EVENT = 1000;

export const quotaPath = (organisation: string): string => `quota/${organisation}`;

/** Full where the state says nothing yet. */
export function readBucket(state: StateReader, organisation: string, quota: Quota, time: number): Bucket {
  const value = state.get(quotaPath(organisation));
  if (value === undefined) return { left: quota.burst * PER_EVENT, asOf: time };
  const [left, asOf] = asTuple(decode(value, "quota"), 2, "quota");
  return refilled({ left: asUint(left, "events left"), asOf: asUint(asOf, "time") }, quota, time);
}

/** No product here passes 2^53: what the bucket lacks is compared before anything is multiplied. */
export function refilled({ left, asOf }: Bucket, { burst, perSecond }: Quota, time: number): Bucket {
  const full = burst * PER_EVENT;
  const lacking = Math.max(0, full - left);
  const elapsed = Math.max(0, time - asOf);
  const filled = elapsed >= Math.ceil(lacking / perSecond);
  return { left: filled ? full : left + elapsed * perSecond, asOf: Math.max(time, asOf) };
}

/** Takes `events` out of the organisation's bucket, or says when they will fit. */
export function spend(context: Context, organisation: string, events: number): Refusal | null {
  const { quota } = readPolicy(context);
  const { left, asOf } = readBucket(context, organisation, quota, context.time);
  const rest = left - events * PER_EVENT;
  if (rest < 0) {
    const seconds = Math.ceil(-rest / quota.perSecond / 1000);
    return refuse("events/over-quota", `the organisation's quota is used up: submit again in ${seconds} s`);
  }
  context.put(quotaPath(organisation), encode([rest, asOf]));
  return null;
}
