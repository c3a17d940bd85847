/** `[witness.NAME]`: outside witnesses that a running node asks for cosignatures. */
import type { NoteVerifier } from "@anamnesis/ledger";
import { parseVerifierKey } from "@anamnesis/ledger";
import { nodeError } from "../errors.ts";
import { primitives } from "../system.ts";

export interface WitnessConfig {
  /** As the operator calls it. */
  readonly name: string;
  /** Its submission prefix: `/add-checkpoint` follows. */
  readonly url: string;
  readonly verifier: NoteVerifier;
}

const WITNESSES_MAX = 16;

/** @throws AnamnesisError `node/bad-config` naming the setting */
export function parseWitnesses(value: unknown): readonly WitnessConfig[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("witness", "must be a section");
  const entries = Object.entries(value);
  if (entries.length > WITNESSES_MAX) throw bad("witness", `has at most ${WITNESSES_MAX} entries`);
  return entries.map(([name, section]) => parseWitness(name, section));
}

function parseWitness(name: string, section: unknown): WitnessConfig {
  const at = `witness.${name}`;
  if (typeof section !== "object" || section === null) throw bad(at, "must be a section");
  const { url, key } = section as Readonly<Record<string, unknown>>;
  if (typeof url !== "string" || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw bad(`${at}.url`, "must be an http or https address");
  return { name, url, verifier: cosignerKey(key, `${at}.key`) };
}

function cosignerKey(value: unknown, setting: string): NoteVerifier {
  const wrong = () => bad(setting, "must be a witness's verifier key, as `anamnesis witness key` prints it");
  if (typeof value !== "string") throw wrong();
  let verifier: NoteVerifier;
  try {
    verifier = parseVerifierKey(primitives, value.trim());
  } catch {
    throw wrong();
  }
  if (verifier.type !== "cosignature/v1") throw wrong();
  return verifier;
}

const bad = (setting: string, why: string) =>
  nodeError("node/bad-config", `anamnesis.toml: ${setting} ${why}`, { setting });
