/** What a search for misuse says. A finding is a question to a person, not a verdict. */
import type { AccessKind } from "./access.ts";
import type { Need } from "./facts.ts";
import type { RuleName } from "./rules.ts";

/** Why, as numbers: texts for people are made of them elsewhere, in their language. No names and no addresses. */
export type Reason = { readonly points: number } & (
  | {
      readonly rule: "no-relation";
      readonly visits: number;
      readonly of: number;
      readonly present: boolean;
      readonly written: boolean;
    }
  | {
      readonly rule: "volume";
      readonly patients: number;
      readonly usual: number;
      readonly limit: number;
      readonly role: string;
    }
  | {
      readonly rule: "unrelated-volume";
      readonly patients: number;
      readonly usual: number;
      readonly limit: number;
      readonly role: string;
    }
  | { readonly rule: "same-family"; readonly bearers: number; readonly among: number }
  | { readonly rule: "same-address" }
  | { readonly rule: "neighbour"; readonly houses: number }
  | { readonly rule: "former-contact" }
  | { readonly rule: "colleague"; readonly sameDepartment: boolean }
  | { readonly rule: "vip" }
  | { readonly rule: "own-record" }
  | { readonly rule: "odd-hours"; readonly visits: number; readonly roster: boolean }
  | { readonly rule: "repeated"; readonly visits: number; readonly days: number }
  | { readonly rule: "long-after"; readonly days: number; readonly deceased: boolean }
  | { readonly rule: "unfounded-emergency"; readonly visits: number }
  | { readonly rule: "harvesting"; readonly patients: number; readonly minutes: number; readonly step: number }
);

export interface NamedAccess {
  readonly index: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly kind: AccessKind;
  readonly table: string;
  readonly row: string;
  readonly patient: string;
}

export interface Finding {
  readonly actor: string;
  readonly role: string;
  /** null: the finding is about many. */
  readonly patient: string | null;
  readonly patients: number;
  /** Sum of the reasons' points. */
  readonly score: number;
  /** Weightiest first. */
  readonly reasons: readonly Reason[];
  /** Accesses concerned; at most `named_max` of them are named. */
  readonly accesses: number;
  readonly named: readonly NamedAccess[];
  /** Microseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

export interface Skipped {
  readonly rule: RuleName;
  /** Empty: switched off. Otherwise what the hospital's mapping does not tell. */
  readonly missing: readonly Need[];
}

export interface MisuseReport {
  /** Highest score first. */
  readonly findings: readonly Finding[];
  /** Findings beyond `findings_max`, all of lower score. */
  readonly more: number;
  readonly accesses: number;
  readonly actors: number;
  /** Accesses by actors whom the staff directory does not know: only rules that need no directory looked at them. */
  readonly unknownActors: { readonly actors: number; readonly accesses: number };
  /** Accesses with an exempt purpose: no rule looked at them. */
  readonly exempt: number;
  readonly skipped: readonly Skipped[];
  /** Pairs of actor and patient judged before their window was over, because there were too many (`pairs_max`). */
  readonly closedEarly: number;
}
