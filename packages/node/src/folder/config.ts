/** `anamnesis.toml`: parsed at the door into one typed value; every complaint names the setting. */
import { readFileSync } from "node:fs";
import type { RetentionLimits } from "@anamnesis/capture";
import { type ChainId, chainId, type OrgId, orgId, type SourceId, sourceId } from "@anamnesis/core";
import { parse, TomlError } from "smol-toml";
import { explainFile, nodeError } from "../errors.ts";
import { type MemberAddress, type OrdererConfig, parseMembers, parseOrderer } from "./consortium-config.ts";
import { parseLimits } from "./limits-config.ts";
import { type MisuseConfig, parseMisuse } from "./misuse-config.ts";
import { parseReads, type ReadsConfig } from "./reads-config.ts";
import { parseWitnesses, type WitnessConfig } from "./witness-config.ts";

export interface Config {
  readonly chain: ChainId;
  readonly organisation: OrgId;
  readonly gateway: GatewayConfig;
  readonly sources: readonly SourceConfig[];
  /** Outside witnesses of this log. */
  readonly witnesses: readonly WitnessConfig[];
  /** Whom this member follows; undefined when it orders itself. */
  readonly orderer: OrdererConfig | undefined;
  /** Where the other members' nodes are, for who collects their cosignatures. */
  readonly members: readonly MemberAddress[];
}

export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  /** Bearer token of authenticated members, for `/tile/entries/…`. */
  readonly entriesToken: string;
}

export interface SourceConfig {
  readonly name: SourceId;
  /** As written: may hold `${VARIABLE}` references. `databaseUrl` resolves them. */
  readonly url: string;
  /** Patterns such as `public.*`. */
  readonly tables: readonly string[];
  readonly exclude: readonly string[];
  /** Table → columns that name the patient; tables not named are detected. An empty list: about nobody. */
  readonly subjects: Readonly<Record<string, readonly string[]>>;
  /** For pushed changes: what the sender shows, and key columns of tables whose messages come without key. */
  readonly push?: { readonly token: string; readonly keys: Readonly<Record<string, readonly string[]>> };
  /** How much of its log the database may keep for us. */
  readonly limits: RetentionLimits;
  /** Reads from the database's log; undefined = only announced ones are seen. */
  readonly reads?: ReadsConfig;
  /** Queries for what only the hospital knows; those not named are detected. */
  readonly misuse?: MisuseConfig;
}

export function readConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (problem) {
    throw explainFile(problem, "anamnesis.toml cannot be read");
  }
  return parseConfig(text);
}

/** @throws AnamnesisError `node/bad-config` naming line or setting; `core/bad-identifier` for a bad name. */
export function parseConfig(text: string): Config {
  const root = parseToml(text);
  if (root["version"] !== 1) throw bad("version", "must be 1");
  const gateway = section(root["gateway"] ?? {}, "gateway");
  const sources = section(root["source"] ?? {}, "source");
  return {
    chain: chainId(textAt(root, "chain", "")),
    organisation: orgId(textAt(root, "organisation", "")),
    gateway: {
      host: textAt(gateway, "host", "gateway."),
      port: portAt(gateway, "port", "gateway."),
      entriesToken: textAt(gateway, "entries_token", "gateway."),
    },
    sources: Object.entries(sources).map(([name, value]) => parseSource(name, section(value, `source.${name}`))),
    witnesses: parseWitnesses(root["witness"]),
    orderer: parseOrderer(root["orderer"]),
    members: parseMembers(root["members"]),
  };
}

type Section = Readonly<Record<string, unknown>>;

function parseToml(text: string): Section {
  try {
    return parse(text);
  } catch (cause) {
    const where = cause instanceof TomlError ? `line ${cause.line}, column ${cause.column}` : "the text";
    // The parser's own message quotes the line, which may hold a password: only the place is passed on.
    throw nodeError("node/bad-config", `anamnesis.toml is not valid TOML at ${where}`, { where });
  }
}

function parseSource(name: string, s: Section): SourceConfig {
  const at = `source.${name}.`;
  const subjects = section(s["subjects"] ?? {}, `${at}subjects`);
  return {
    name: sourceId(name),
    url: textAt(s, "url", at),
    tables: listAt(s, "tables", at, ["*.*"]),
    exclude: listAt(s, "exclude", at, []),
    limits: parseLimits(s, at),
    ...(s["push_token"] === undefined ? {} : { push: parsePush(s, at) }),
    subjects: Object.fromEntries(Object.keys(subjects).map((t) => [t, listAt(subjects, t, `${at}subjects.`, [])])),
    ...(s["reads"] === undefined ? {} : { reads: parseReads(section(s["reads"], `${at}reads`), `${at}reads.`) }),
    ...(s["misuse"] === undefined ? {} : { misuse: parseMisuse(section(s["misuse"], `${at}misuse`), `${at}misuse.`) }),
  };
}

function parsePush(s: Section, at: string): NonNullable<SourceConfig["push"]> {
  const keys = section(s["keys"] ?? {}, `${at}keys`);
  const lists = Object.keys(keys).map((table) => [table, listAt(keys, table, `${at}keys.`, [])] as const);
  return { token: textAt(s, "push_token", at), keys: Object.fromEntries<readonly string[]>(lists) };
}

function section(value: unknown, setting: string): Section {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(setting, "must be a section");
  return value as Section;
}

function textAt(s: Section, key: string, prefix: string): string {
  const value = s[key];
  if (typeof value !== "string" || value === "") throw bad(prefix + key, "must be a text");
  return value;
}

function portAt(s: Section, key: string, prefix: string): number {
  const value = s[key];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw bad(prefix + key, "must be a port from 0 to 65535");
  }
  return value;
}

function listAt(s: Section, key: string, prefix: string, otherwise: readonly string[]): readonly string[] {
  const value = s[key];
  if (value === undefined) return otherwise;
  if (!Array.isArray(value) || !value.every((v) => typeof v === "string"))
    throw bad(prefix + key, "must be a list of texts");
  return value;
}

function bad(setting: string, why: string) {
  return nodeError("node/bad-config", `anamnesis.toml: ${setting} ${why}`, { setting });
}
