/** The versions a suite runs on: the newest and the oldest; only the one that the environment asks for, if it does. */
import { isInstalled, type PostgresVersion, postgresVersions } from "@anamnesis/sandbox";
import { skipLoudly } from "@anamnesis/testkit";

const asked = process.env["ANAMNESIS_POSTGRES"];

export const suiteVersions: readonly PostgresVersion[] =
  asked === undefined || asked === "" ? [18, 14] : postgresVersions.filter((version) => String(version) === asked);

/** True when the suite of that name cannot run, having said so. */
export function missing(version: PostgresVersion, name: string): boolean {
  if (isInstalled(version)) return false;
  const needs = version === 14 ? "postgres-14" : "postgres";
  return skipLoudly({ name, needs, reason: `PostgreSQL ${version} is not installed` });
}
