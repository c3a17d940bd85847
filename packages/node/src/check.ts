/** `source check` of one configured source: reads only, unless the operator says to prepare. */
import { resolve } from "node:path";
import {
  applyPreparation,
  checkReads,
  checkSource,
  type MariadbCheck,
  postgresSource,
  type SourceCheck,
} from "@anamnesis/capture";
import { handles } from "@anamnesis/crypto";
import type { Environment } from "./access.ts";
import { type Folder, sourceOf } from "./folder/folder.ts";
import { readKey } from "./folder/keys.ts";
import { sourceLayout } from "./folder/layout.ts";
import type { ReadsConfig } from "./folder/reads-config.ts";
import { databaseUrl, productOf } from "./folder/url.ts";
import { checkMariadbSource } from "./mariadb-check.ts";
import { pushed } from "./sources.ts";
import { primitives } from "./system.ts";

export interface Checked {
  readonly check: SourceCheck | MariadbCheck;
  readonly product: string;
  readonly sees: readonly string[];
  readonly cannotSee: readonly string[];
  /** Statements that were run, when asked to. */
  readonly applied: readonly string[];
}

export interface CheckRequest {
  readonly folder: Folder;
  readonly source: string;
  readonly env: Environment;
  /** Run the required statements that the check shows. */
  readonly apply?: boolean;
}

/** @throws AnamnesisError `node/unknown-source`, `capture/cannot-connect`, … */
export async function checkNamed({ folder, source, env, apply = false }: CheckRequest): Promise<Checked> {
  const { name, url: written, tables: include, exclude, subjects, reads, limits } = sourceOf(folder, source);
  const url = databaseUrl(written, env);
  const { handleKey } = sourceLayout(folder.layout, name);
  const options = {
    url,
    name,
    handles: handles(primitives, readKey(handleKey)),
    primitives,
    include,
    exclude,
    subjects,
  };
  if (productOf(url) === "debezium") throw pushed();
  if (productOf(url) === "mariadb") return checkMariadbSource(options, apply);
  const before = await checkSource({ ...options, limits });
  const { product, sees, cannotSee } = postgresSource(options).describe();
  const described = { product, sees, cannotSee };
  if (!apply) return withReads({ check: before, ...described, applied: [] }, folder.layout.dir, url, reads);
  // Identities first: the publication takes in what has become usable by them.
  const identities = before.tables.flatMap((t) => t.statements).filter((s) => s.required);
  const applied = [...(await applyPreparation(url, identities))];
  const between = await checkSource(options);
  applied.push(...(await applyPreparation(url, between.statements)));
  return withReads(
    { check: await checkSource({ ...options, limits }), ...described, applied },
    folder.layout.dir,
    url,
    reads,
  );
}

/** Where reads are asked for, they are part of being ready; what the source says of them is replaced. */
async function withReads(checked: Checked, dir: string, url: string, reads: ReadsConfig | undefined): Promise<Checked> {
  if (reads === undefined) return checked;
  const found = await checkReads({ url, mode: reads.mode, log: resolve(dir, reads.log) });
  const problems = [...checked.check.problems, ...found.problems];
  return {
    ...checked,
    check: { ...checked.check, problems, ready: problems.length === 0 },
    sees: [...checked.sees, ...found.sees],
    cannotSee: [...checked.cannotSee.filter((line) => !/^(?:reads|who wrote)/.test(line)), ...found.cannotSee],
  };
}
