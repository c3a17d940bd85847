/** One PostgreSQL server with a database per organisation: separate hospitals to everybody but the machine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import { addSource, moveSource, openFolder } from "@anamnesis/node";
import { fillHospital, type Postgres, startPostgres } from "@anamnesis/sandbox";
import type { Place } from "./plan.ts";

export interface Databases {
  readonly postgres: Postgres;
  urlOf(place: Place): string;
}

export interface DatabasesOptions {
  readonly dir: string;
  readonly places: readonly Place[];
  /** Of each hospital. */
  readonly patients: number;
  readonly seed: string;
  readonly signal: AbortSignal;
  readonly filling?: (name: string, done: number, total: number) => void;
}

/** The caller stops the server. On failure nothing is left running. */
export async function openDatabases(options: DatabasesOptions): Promise<Databases> {
  const { dir, places, patients, seed, signal, filling } = options;
  const postgres = await startPostgres({ dir: join(dir, "postgres"), signal });
  const urlOf = ({ name }: Place): string => {
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  try {
    for (const place of places) {
      await makeDatabase(postgres.url, place.name);
      const onProgress = (done: number, total: number): void => filling?.(place.name, done, total);
      await fillHospital(urlOf(place), { patients, seed: `${seed}/${place.name}`, onProgress });
      pointAt(place, urlOf(place));
    }
    return { postgres, urlOf };
  } catch (problem) {
    await postgres.stop();
    throw problem;
  }
}

async function makeDatabase(url: string, name: string): Promise<void> {
  await withClient({ url }, async (client) => {
    const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rows.length === 0) await client.query(`CREATE DATABASE "${name}"`);
  });
}

/** The server's port may change from start to start. The source is called as the hospital: slots are one list per server. */
function pointAt({ dir, name }: Place, url: string): void {
  const folder = openFolder(dir);
  if (folder.config.sources.some((s) => s.name === name)) moveSource(folder, name, url);
  else if (existsSync(folder.layout.config)) addSource(folder, { name, url, tables: ["public.*"], exclude: [] }, {});
}
