/** `wal_warn` and `wal_give_up` of a source: how much of its log the database may keep for us. */
import { RETENTION_LIMITS, type RetentionLimits } from "@anamnesis/capture";
import { nodeError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
/** Below this the database's own segments are larger. */
const BYTES_MIN = 32 * 1024 ** 2;

/** @throws AnamnesisError `node/bad-config` naming the setting; `at` = its section with a dot behind. */
export function parseLimits(section: Readonly<Record<string, unknown>>, at: string): RetentionLimits {
  const giveUpBytes = bytesAt(section["wal_give_up"], `${at}wal_give_up`) ?? RETENTION_LIMITS.giveUpBytes;
  const warnBytes =
    bytesAt(section["wal_warn"], `${at}wal_warn`) ?? Math.min(RETENTION_LIMITS.warnBytes, giveUpBytes / 2);
  if (warnBytes > giveUpBytes) throw bad(`${at}wal_warn`, "must not be above wal_give_up");
  return { warnBytes, giveUpBytes };
}

function bytesAt(value: unknown, setting: string): number | undefined {
  if (value === undefined) return undefined;
  const [, digits, unit] = typeof value === "string" ? (/^(\d{1,6}) ?(kB|MB|GB|TB)$/.exec(value) ?? []) : [];
  const bytes = Number(digits) * (UNITS[unit ?? ""] ?? Number.NaN);
  if (bytes >= BYTES_MIN) return bytes;
  throw bad(setting, 'must be a size of at least "32MB", such as "8GB"');
}

const bad = (setting: string, why: string) =>
  nodeError("node/bad-config", `anamnesis.toml: ${setting} ${why}`, { setting });
