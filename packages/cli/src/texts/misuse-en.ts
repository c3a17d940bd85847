/** What `anamnesis misuse` says, in English: each reason one sentence that can be read aloud to the person concerned. */
import type { MisuseQuery, Need, Reason, RuleName } from "@anamnesis/node";

const many = (n: number, one: string, more = `${one}s`): string => `${n} ${n === 1 ? one : more}`;
const was = (n: number): string => (n === 1 ? "was" : "were");

export const misuseEn = {
  about: "look for accesses that people should explain: a finding is a question, not a verdict",
  since: "only accesses from this time on (2026-03-01 or 2026-03-01T06:00Z)",
  until: "only accesses before this time",
  rules: "file with rules (TOML or JSON) over the presets",
  showRules: "print the presets as TOML and end",
  limit: "findings shown to people; --json lists all that the rules keep",

  none: (accesses: number) => `Nothing to ask about in ${many(accesses, "access", "accesses")}.`,
  found: (n: number, accesses: number) => `${many(n, "question")} about ${many(accesses, "access", "accesses")}`,
  ethics: "A finding is a question to a person, not a verdict. Ask before you judge.",
  more: (n: number) => `and ${n} more; --json lists them`,
  beyond: (n: number) => `${many(n, "more finding")} of lower score ${was(n)} dropped (findings_max)`,
  score: (score: string) => `score ${score}`,
  person: (actor: string, role: string) => (role === "" ? actor : `${actor} (${role})`),
  onePatient: (patient: string) => `patient ${patient}`,
  manyPatients: (n: number) => many(n, "patient"),
  accesses: (n: number, first: string, last: string) =>
    n === 1 ? `1 access, at ${first}` : `${n} accesses, from ${first} to ${last}`,
  events: (list: string, more: number) => `events ${list}${more > 0 ? ` and ${more} more` : ""}`,

  reason(r: Reason): string {
    switch (r.rule) {
      case "no-relation": {
        const visits = r.of === 1 ? "this visit" : `${r.visits} of ${many(r.of, "visit")}`;
        const where = r.present
          ? "though the patient was in the hospital's care"
          : "and the patient was not in its care";
        const wrote = r.written ? "; something was written, though" : "";
        return `Nothing that the hospital wrote down explains ${visits}, ${where}${wrote}.`;
      }
      case "volume":
        return `On one day the files of ${r.patients} patients were opened; ${people(r.role)} usually open about ${r.usual}, and more than ${r.limit} is out of line.`;
      case "unrelated-volume":
        return `On one day the files of ${many(r.patients, "patient")} were opened whom nothing connects with this person; ${people(r.role)} usually have about ${r.usual} of those, and more than ${r.limit} is out of line.`;
      case "same-family":
        return `Both have the same family name, which ${many(r.bearers, "patient")} in ${r.among} ${r.bearers === 1 ? "has" : "have"}.`;
      case "same-address":
        return "Both live at the same address.";
      case "neighbour":
        return r.houses === 0
          ? "Both live in the same house."
          : `They live in the same street, ${many(r.houses, "house number")} apart.`;
      case "former-contact":
        return "The patient names, or once named, this person as a private contact.";
      case "colleague":
        return r.sameDepartment ? "The patient is a colleague of the same department." : "The patient is a colleague.";
      case "vip":
        return "The patient's file is marked as that of a person of public interest.";
      case "own-record":
        return "It is this person's own file.";
      case "odd-hours":
        return `${r.visits === 1 ? "One visit was" : `${r.visits} visits were`} ${r.roster ? "outside the hours on the roster" : "at hours at which this person usually does not work"}.`;
      case "repeated":
        return `The file was opened in ${many(r.visits, "visit")} on ${many(r.days, "day")}; nothing was written, and no care by this person followed.`;
      case "long-after":
        return r.deceased
          ? `The patient had been dead for ${many(r.days, "day")}.`
          : `The hospital had not cared for the patient for ${many(r.days, "day")}.`;
      case "unfounded-emergency":
        return `An emergency was given as the purpose of ${many(r.visits, "visit")}, but the patient was not there and nothing was written.`;
      case "harvesting":
        return `${r.patients} files were opened one after the other in the order of their numbers, within ${many(r.minutes, "minute")}.`;
    }
  },

  notLooked: "Not looked at",
  switchedOff: (rule: RuleName) => `rule ${rule}: switched off`,
  skipped: (rule: RuleName, missing: string) => `rule ${rule}: the hospital's database was not asked for ${missing}`,
  needs: {
    staff: "its staff directory",
    relations: "encounters or other treatment relations",
    families: "family names of staff",
    addresses: "addresses of staff",
    "staff-patients": "which staff are patients",
    vip: "marks of persons of public interest",
    contacts: "private contacts",
    "patient-numbers": "patients' numbers",
  } satisfies Record<Need, string> as Readonly<Record<Need, string>>,
  unattributed: (n: number) => `${many(n, "access", "accesses")} by nobody that is known`,
  withoutPatient: (n: number) =>
    `${many(n, "access", "accesses")} to rows whose patient cannot be told (gone, about nobody, or a list without row)`,
  unknownActors: (actors: number, accesses: number) =>
    `${many(accesses, "access", "accesses")} by ${many(actors, "person", "people")} whom the staff directory does not know: only looked at for amount, hours and order`,
  exempt: (n: number) => `${many(n, "access", "accesses")} with an exempt purpose`,
  closedEarly: (n: number) => `${many(n, "pair")} of person and patient judged before the window was over (pairs_max)`,
  asked: "Asked the hospital's database for",
  queries: {
    patients: "patients",
    staff: "staff",
    relations: "relations",
    shifts: "shifts",
    contacts: "contacts",
  } satisfies Record<MisuseQuery, string> as Readonly<Record<MisuseQuery, string>>,
  from: { configured: "configured", detected: "detected", none: "nothing found" },
};

const people = (role: string): string => (role === "" ? "others" : `others of the role ${role}`);
