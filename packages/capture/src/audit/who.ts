/**
 * Whose access it was. The log vouches for the login and for nothing else. An application that logs in for many people
 * may say for whom it works, by `application_name` or in a comment of each statement; that is a claim, so it counts only
 * for the logins that the operator names. Otherwise anybody could read in another's name.
 */
import { scan } from "./sql-tokens.ts";

export interface WhoRule {
  /** Logins (database roles) of applications that may name the person they work for. */
  readonly applications: readonly string[];
  /** `application_name` → person: the first group of the pattern, or all of it; undefined: it names nobody. */
  readonly actorPattern?: RegExp;
  readonly purposePattern?: RegExp;
}

export interface Who {
  readonly actor: string;
  readonly purpose: string | null;
  /** The statement itself names the person. */
  readonly claimed: boolean;
}

const NAME_MAX = 512;
const CLAIM = /^\s*anamnesis\b([\s\S]*)$/;
const FIELD = /\b(actor|purpose)=(?:'([^']{0,600})'|([^\s'*]{1,600}))/g;

/** `sql`: the statement, where the log has it. */
export function whoIs(rule: WhoRule, user: string, application: string, sql: string): Who {
  const login: Who = { actor: user, purpose: null, claimed: false };
  if (!rule.applications.includes(user)) return login;
  const claim = sql.includes("anamnesis") ? claimIn(sql) : {};
  return {
    actor: claim.actor ?? matched(rule.actorPattern, application) ?? login.actor,
    purpose: claim.purpose ?? matched(rule.purposePattern, application) ?? null,
    claimed: claim.actor !== undefined,
  };
}

/** A comment such as `anamnesis actor=nurse.alva purpose=TREAT`; percent-encoding as in URLs. */
function claimIn(sql: string): { readonly actor?: string; readonly purpose?: string } {
  for (const comment of scan(sql)?.comments ?? []) {
    const fields = CLAIM.exec(comment)?.[1];
    if (fields === undefined) continue;
    const claim: { actor?: string; purpose?: string } = {};
    for (const [, name, quoted, plain] of fields.matchAll(FIELD)) {
      const value = decoded(quoted ?? plain ?? "");
      if (value === "" || value.length > NAME_MAX) continue;
      if (name === "actor") claim.actor = value;
      else claim.purpose = value;
    }
    return claim;
  }
  return {};
}

function matched(pattern: RegExp | undefined, text: string): string | undefined {
  const found = pattern?.exec(text);
  const value = found === null || found === undefined ? "" : (found[1] ?? found[0]);
  return value === "" ? undefined : value.slice(0, NAME_MAX);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
