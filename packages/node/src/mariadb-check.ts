/** `source check` of a MariaDB: reads only, unless the operator says to prepare. */
import { applyToMariadb, checkMariadb, fileMemory, mariadbSource } from "@anamnesis/capture";
import type { Checked } from "./check.ts";

type Options = Parameters<typeof checkMariadb>[0];

export async function checkMariadbSource(options: Options, apply: boolean): Promise<Checked> {
  const before = await checkMariadb(options);
  const { product, sees, cannotSee } = mariadbSource({ ...options, memory: fileMemory("") }).describe();
  const described = { product, sees, cannotSee };
  if (!apply) return { check: before, ...described, applied: [] };
  const all = [...before.tables.flatMap((t) => t.statements), ...before.statements];
  const applied = await applyToMariadb(
    options.url,
    all.filter((s) => s.required),
  );
  return { check: await checkMariadb(options), ...described, applied };
}
