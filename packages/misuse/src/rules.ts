/**
 * The rules as data: which there are, which parameters each takes, what they are unless somebody says otherwise, and the
 * range of each. Points add up within one finding; a finding is reported from `report_from` points on.
 */
import type { Need } from "./facts.ts";

interface NumberParameter {
  readonly preset: number;
  readonly least: number;
  readonly most: number;
}
interface TextsParameter {
  readonly preset: readonly string[];
}
export type Parameter = NumberParameter | TextsParameter;

const points = (preset: number) => ({ preset, least: 0, most: 20 });
const number = (preset: number, least: number, most: number) => ({ preset, least, most });
const texts = (...preset: string[]) => ({ preset });

/** What holds for all rules. Days and hours are counted from `utc_offset_minutes`; a day begins at `day_starts_hour`. */
export const GENERAL = {
  report_from: number(4.5, 0, 100),
  findings_max: number(500, 1, 100_000),
  named_max: number(50, 1, 10_000),
  window_days: number(30, 1, 366),
  visit_gap_minutes: number(60, 1, 1_440),
  pairs_max: number(1_000_000, 1_000, 50_000_000),
  utc_offset_minutes: number(0, -840, 840),
  day_starts_hour: number(6, 0, 23),
  emergency_purposes: texts("ETREAT", "BTG"),
  exempt_purposes: texts("HQUALIMP", "HRESCH", "HSYSADMIN"),
} as const satisfies Readonly<Record<string, Parameter>>;

export const RULES = {
  "no-relation": {
    points: points(3),
    points_absent: points(1),
    points_hospital_role: points(1.5),
    before_days: number(3, 0, 366),
    after_days: number(30, 0, 3_660),
    department_after_days: number(14, 0, 3_660),
    hospital_after_days: number(120, 0, 3_660),
    hospital_roles: texts("laboratory", "pharmacist", "registration", "billing", "records", "administration"),
    department_factor: number(0.35, 0, 1),
    aloof_factor: number(0.8, 0, 1),
    written_factor: number(0.4, 0, 1),
    formerly_factor: number(0.5, 0, 1),
  },
  volume: {
    points: points(3),
    points_per_doubling: points(2),
    deviations: number(6, 1, 100),
    least_patients: number(20, 1, 100_000),
    own_factor: number(1.5, 1, 100),
    history_days: number(28, 1, 366),
  },
  "unrelated-volume": {
    points: points(3),
    points_per_doubling: points(1),
    deviations: number(6, 1, 100),
    least_patients: number(6, 1, 100_000),
    history_days: number(28, 1, 366),
  },
  "same-family": { points: points(2.5), common_share: number(0.01, 0, 1), rare_share: number(0.001, 0, 1) },
  "same-address": { points: points(3) },
  neighbour: { points: points(1.5), houses: number(4, 0, 1_000) },
  "former-contact": { points: points(3) },
  colleague: { points: points(1), points_same_department: points(1) },
  vip: { points: points(2) },
  "own-record": { points: points(5) },
  "odd-hours": { points: points(1.25), usual_share: number(0.08, 0, 1), slack_minutes: number(60, 0, 720) },
  repeated: {
    points: points(1.5),
    points_per_visit: points(0.5),
    points_max: points(3.5),
    visits: number(3, 2, 1_000),
    days: number(2, 1, 366),
  },
  "long-after": {
    points: points(1),
    points_deceased: points(2),
    days: number(180, 1, 3_660),
    deceased_days: number(30, 0, 3_660),
    roles_exempt: texts("records"),
  },
  "unfounded-emergency": { points: points(2), hours: number(24, 1, 720) },
  harvesting: {
    points: points(6),
    patients: number(20, 3, 100_000),
    step: number(25, 1, 1_000_000),
    pause_minutes: number(5, 1, 1_440),
    strays: number(2, 0, 100),
    unrelated_share: number(0.3, 0, 1),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Parameter>>>>;

export type RuleName = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

/** What a rule cannot do without. */
export const RULE_NEEDS: Readonly<Record<RuleName, readonly Need[]>> = {
  "no-relation": ["staff", "relations"],
  volume: [],
  "unrelated-volume": ["staff", "relations"],
  "same-family": ["families"],
  "same-address": ["addresses"],
  neighbour: ["addresses"],
  "former-contact": ["contacts"],
  colleague: ["staff-patients"],
  vip: ["vip"],
  "own-record": ["staff-patients"],
  "odd-hours": [],
  repeated: [],
  "long-after": ["relations"],
  "unfounded-emergency": ["relations"],
  harvesting: ["patient-numbers"],
};

type ValueOf<P extends Parameter> = P extends NumberParameter ? number : readonly string[];
type Values<S> = { readonly [K in keyof S]: S[K] extends Parameter ? ValueOf<S[K]> : never };

export type General = Values<typeof GENERAL>;
export type RuleSet = { readonly [R in RuleName]: Values<(typeof RULES)[R]> & { readonly on: boolean } };

export interface Rules {
  readonly general: General;
  readonly rules: RuleSet;
}
