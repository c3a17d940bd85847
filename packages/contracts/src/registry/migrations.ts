/**
 * Versions of the state's form. A new form begins at one block for everybody: the one with the vote that carries the upgrade.
 * Before it every replay reads and writes the old form, behind it the new one.
 */
import { invariant, toHex } from "@anamnesis/core";
import { type Context, decodeMemberKey, memberKeyPath, type Refusal } from "@anamnesis/ledger";
import { refuse } from "../refusal.ts";
import { setKeyStatus } from "./enrol.ts";
import { readOrganisation, readOrganisationIds } from "./organisation.ts";
import { readStateVersion, STATE_VERSION, writeStateVersion } from "./rules.ts";

/** By the version that each leads to; it rewrites a bounded number of values. */
const MIGRATIONS: ReadonlyMap<number, (context: Context) => void> = new Map([[2, keysWithStatus]]);

/** Version 1 wrote keys without a status: at most 16 for each of 4096 organisations. */
function keysWithStatus(context: Context): void {
  for (const id of readOrganisationIds(context)) {
    for (const key of readOrganisation(context, id)?.keys ?? []) {
      const record = context.get(memberKeyPath(toHex(key)));
      if (record !== undefined) setKeyStatus(context, key, decodeMemberKey(record).status);
    }
  }
}

/** One step at a time. */
export function upgrading(context: Context, version: number): (() => void) | Refusal {
  const now = readStateVersion(context);
  if (version <= now) return refuse("registry/no-change", `the state has version ${now} already`);
  if (version !== now + 1 || version > STATE_VERSION) {
    return refuse(
      "registry/unknown-version",
      `this version of Anamnesis leads to version ${now + 1} next, at most ${STATE_VERSION}`,
    );
  }
  return () => {
    const migrate = MIGRATIONS.get(version);
    invariant(migrate !== undefined, "each version has its migration");
    migrate(context);
    writeStateVersion(context, version);
  };
}
