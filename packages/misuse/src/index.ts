export type { Access, AccessKind } from "./access.ts";
export { Detector } from "./detector.ts";
export { type MisuseErrorCode, misuseError } from "./errors.ts";
export {
  type ContactInput,
  Facts,
  type Need,
  type PatientInput,
  type RelationInput,
  type ShiftInput,
  type StaffInput,
} from "./facts.ts";
export type { Finding, MisuseReport, NamedAccess, Reason, Skipped } from "./finding.ts";
export { parseRules, presetDocument } from "./parse-rules.ts";
export { RULE_NAMES, type RuleName, type Rules } from "./rules.ts";
