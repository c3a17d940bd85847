/** Signs that the person knows the patient, or has a reason to be curious that is not medical. */

import type { Context } from "./context.ts";
import type { Reason } from "./finding.ts";
import type { Pair } from "./pair.ts";

/** @param weight how far the visits are from being explained: 0 to 1 */
export function acquainted(pair: Pair, context: Context, weight: number): Reason[] {
  const found = [...kin(pair, context), ...known(pair, context)];
  return found.map((reason) => ({ ...reason, points: reason.points * weight }));
}

function kin({ actor, patient }: Pair, { facts, rules: { rules } }: Context): Reason[] {
  const [staff, about] = [facts.staff(actor), facts.patient(patient)];
  if (staff === undefined || about === undefined) return [];
  const reasons: Reason[] = [];
  const [family, address, near] = [rules["same-family"], rules["same-address"], rules.neighbour];
  if (family.on && staff.family !== "" && staff.family === about.family) {
    const { bearers, among } = facts.bearers(staff.family);
    const points = family.points * rarity(bearers, among, family);
    reasons.push({ rule: "same-family", points, bearers, among });
  }
  const [a, b] = [staff.address, about.address];
  if (a === undefined || b === undefined) return reasons;
  if (a.whole === b.whole) {
    if (address.on) reasons.push({ rule: "same-address", points: address.points });
  } else if (near.on && a.street === b.street && a.house !== null && b.house !== null) {
    const houses = Math.abs(a.house - b.house);
    if (houses <= near.houses) reasons.push({ rule: "neighbour", points: near.points, houses });
  }
  return reasons;
}

/** 0 for names as common as `common_share`, 1 for those as rare as `rare_share`, in between by their ratio. */
function rarity(
  bearers: number,
  among: number,
  { common_share, rare_share }: { readonly common_share: number; readonly rare_share: number },
): number {
  if (among === 0) return 1;
  const share = Math.max(bearers - 1, 1) / among;
  if (rare_share >= common_share) return share <= common_share ? 1 : 0;
  return Math.min(1, Math.max(0, Math.log(common_share / share) / Math.log(common_share / rare_share)));
}

function known({ actor, patient }: Pair, { facts, rules: { rules } }: Context): Reason[] {
  const reasons: Reason[] = [];
  const { vip, colleague } = rules;
  if (rules["former-contact"].on && facts.isContact(actor, patient)) {
    reasons.push({ rule: "former-contact", points: rules["former-contact"].points });
  }
  const other = facts.colleague(patient);
  if (colleague.on && other !== undefined && other !== actor) {
    const department = facts.staff(actor)?.department ?? null;
    const sameDepartment = department !== null && department === facts.staff(other)?.department;
    const points = colleague.points + (sameDepartment ? colleague.points_same_department : 0);
    reasons.push({ rule: "colleague", points, sameDepartment });
  }
  if (vip.on && facts.patient(patient)?.vip === true) reasons.push({ rule: "vip", points: vip.points });
  return reasons;
}
