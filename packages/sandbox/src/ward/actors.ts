import { WARD_STAFF } from "../hospital/vocabulary.ts";
import type { Rng } from "../random.ts";

/** Why somebody works on data: codes of HL7 v3 PurposeOfUse. */
export type Purpose = "TREAT" | "ETREAT" | "HPAYMT" | "HOPERAT";

export interface Actor {
  readonly name: string;
  readonly purpose: Purpose;
}

const loginsOf = (...roles: readonly string[]): readonly string[] =>
  WARD_STAFF.filter(({ role }) => roles.includes(role)).map(({ login }) => login);

const CLINICIANS = loginsOf("physician", "nurse", "laboratory");
const CLERKS = loginsOf("billing");
const ADMINISTRATION = loginsOf("administration");

export function clinician(rng: Rng): Actor {
  return { name: rng.pick(CLINICIANS), purpose: rng.chance(0.05) ? "ETREAT" : "TREAT" };
}

export function clerk(rng: Rng): Actor {
  return { name: rng.pick(CLERKS), purpose: "HPAYMT" };
}

export function administration(rng: Rng): Actor {
  return { name: rng.pick(ADMINISTRATION), purpose: "HOPERAT" };
}

/**
 * The statement that names the actor of the writes that follow it in its transaction. A logical message travels in the
 * change stream, in order; nothing else in the stream says who did it.
 */
export function actorStatement(actor: Actor): string {
  const text = JSON.stringify({ actor: actor.name, purpose: actor.purpose }).replaceAll("'", "''");
  return `SELECT pg_logical_emit_message(true, 'anamnesis.actor', '${text}')`;
}
