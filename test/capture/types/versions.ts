/** The versions a suite runs on: the newest and the oldest; only the one that the environment asks for, if it does. */
import { isInstalled, type PostgresVersion, preferredVersion } from "@anamnesis/sandbox";
import { skipLoudly } from "@anamnesis/testkit";

const asked = (process.env["ANAMNESIS_POSTGRES"] ?? "") !== "";

export const suiteVersions: readonly PostgresVersion[] = asked ? [preferredVersion()] : [18, 14];

/** What to start: what the environment asks for may also be a folder, so its version is not named again. */
export const startOf = (version: PostgresVersion): { readonly version?: PostgresVersion } => (asked ? {} : { version });

/** True when the suite of that name cannot run, having said so. */
export function missing(version: PostgresVersion, name: string): boolean {
  if (asked || isInstalled(version)) return false;
  const needs = version === 14 ? "postgres-14" : "postgres";
  return skipLoudly({ name, needs, reason: `PostgreSQL ${version} is not installed` });
}
