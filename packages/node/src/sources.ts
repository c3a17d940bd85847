/** Which database a source is, by its address: the one place that knows all of them. */
import {
  fileMemory,
  formatLsn,
  mariadbSource,
  openMariadbVerify,
  openPostgresVerify,
  postgresSource,
  readTables,
  type Source,
  type TableSchema,
  type VerifySource,
  withClient,
} from "@anamnesis/capture";
import type { SourceAccess } from "./access.ts";
import { nodeError } from "./errors.ts";
import { productOf } from "./folder/url.ts";
import { pushedTables } from "./pushed.ts";

/** What a pushed source is asked in vain. */
export const pushed = () => nodeError("node/pushed-source", "this source has no database that could be asked");

type Access = Pick<SourceAccess, "url" | "name" | "catalog" | "files" | "handles">;

export function openSource({ url, name, catalog, files }: Access): Source {
  switch (productOf(url)) {
    case "postgres":
      return postgresSource({ ...catalog, url, name });
    case "mariadb":
      return mariadbSource({ ...catalog, url, memory: fileMemory(files.place), children: files.children });
    case "debezium":
      throw pushed();
  }
}

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned` */
export async function openVerifySource({ url, catalog, files }: Access): Promise<VerifySource> {
  switch (productOf(url)) {
    case "postgres":
      return openPostgresVerify({ url, catalog });
    case "mariadb":
      return openMariadbVerify({ url, catalog, memory: fileMemory(files.place) });
    case "debezium":
      throw pushed();
  }
}

/** All tables of the source, as its catalog says now. */
export async function tablesOf(access: Access): Promise<readonly TableSchema[]> {
  if (productOf(access.url) === "postgres") return withClient(access, (client) => readTables(client, access.catalog));
  if (productOf(access.url) === "debezium") return pushedTables(access);
  const source = await openVerifySource(access);
  try {
    return await source.tables();
  } finally {
    await source.close();
  }
}

/** A position as the people of that database write it; `url` as configured, so its scheme may be unknown here. */
export function shownPosition(url: string, position: bigint): string {
  return /^(?:mariadb|mysql|debezium):/.test(url) ? (position / 8n).toString() : formatLsn(position);
}
