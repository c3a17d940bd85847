/** A rules document (TOML or JSON, already parsed) over the presets. A name or value that does not fit is refused, never ignored. */
import { misuseError } from "./errors.ts";
import {
  GENERAL,
  type General,
  type Parameter,
  RULE_NAMES,
  RULES,
  type RuleName,
  type RuleSet,
  type Rules,
} from "./rules.ts";

type Section = Readonly<Record<string, unknown>>;
type Value = number | readonly string[];

const TEXTS_MAX = 1_000;

/**
 * `{ version: 1, <general parameters>, rules: { <rule>: { on, <parameters> } } }`; whatever is left out keeps its preset.
 * @throws AnamnesisError `misuse/bad-rules`, `misuse/unknown-rule`, `misuse/unknown-parameter`, `misuse/bad-parameter`
 */
export function parseRules(document: unknown): Rules {
  if (!isSection(document) || document["version"] !== 1) {
    throw misuseError("misuse/bad-rules", 'rules must be a document with "version = 1"');
  }
  const { version: _version, rules = {}, ...general } = document;
  if (!isSection(rules)) throw misuseError("misuse/bad-rules", '"rules" must be a section');
  for (const name of Object.keys(rules)) {
    if (!Object.hasOwn(RULES, name)) {
      throw misuseError("misuse/unknown-rule", `there is no rule ${shown(name)}`, { rule: name.slice(0, 40) });
    }
  }
  return {
    general: values("", GENERAL, general) as unknown as General,
    rules: Object.fromEntries(RULE_NAMES.map((name) => [name, rule(name, rules[name] ?? {})])) as unknown as RuleSet,
  };
}

/** The presets, as a document to start from. */
export function presetDocument(): Readonly<Record<string, unknown>> {
  const { general, rules } = parseRules({ version: 1 });
  return { version: 1, ...general, rules };
}

function rule(name: RuleName, given: unknown): Section {
  if (!isSection(given)) throw bad(name, "on", "the rule must be a section");
  const { on = true, ...parameters } = given;
  if (typeof on !== "boolean") throw bad(name, "on", "must be true or false");
  return { on, ...values(name, RULES[name], parameters) };
}

function values(rule: string, spec: Readonly<Record<string, Parameter>>, given: Section): Record<string, Value> {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(spec, name)) continue;
    const where = rule === "" ? "the rules have" : `rule ${rule} has`;
    throw misuseError("misuse/unknown-parameter", `${where} no parameter ${shown(name)}`, {
      parameter: place(rule, name).slice(0, 80),
    });
  }
  return Object.fromEntries(
    Object.entries(spec).map(([name, parameter]) => [name, value(rule, name, parameter, given[name])]),
  );
}

function value(rule: string, name: string, parameter: Parameter, given: unknown): Value {
  if (given === undefined) return parameter.preset;
  if (!("least" in parameter)) {
    const fits = Array.isArray(given) && given.length <= TEXTS_MAX && given.every((each) => typeof each === "string");
    if (fits) return given;
    throw bad(rule, name, "must be a list of texts");
  }
  const { least, most } = parameter;
  if (typeof given === "number" && given >= least && given <= most) return given;
  throw bad(rule, name, `must be a number from ${least} to ${most}`);
}

const isSection = (value: unknown): value is Section =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (name: string): string => JSON.stringify(name.slice(0, 40));
const place = (rule: string, name: string): string => (rule === "" ? name : `rules.${rule}.${name}`);

function bad(rule: string, name: string, why: string) {
  return misuseError("misuse/bad-parameter", `${place(rule, name)} ${why}`, { parameter: place(rule, name) });
}
