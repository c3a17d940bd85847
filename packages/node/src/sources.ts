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
import { productOf } from "./folder/url.ts";

type Access = Pick<SourceAccess, "url" | "name" | "catalog" | "files">;

export function openSource({ url, name, catalog, files }: Access): Source {
  switch (productOf(url)) {
    case "postgres":
      return postgresSource({ ...catalog, url, name });
    case "mariadb":
      return mariadbSource({ ...catalog, url, memory: fileMemory(files.place) });
  }
}

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned` */
export function openVerifySource({ url, catalog, files }: Access): Promise<VerifySource> {
  switch (productOf(url)) {
    case "postgres":
      return openPostgresVerify({ url, catalog });
    case "mariadb":
      return openMariadbVerify({ url, catalog, memory: fileMemory(files.place) });
  }
}

/** All tables of the source, as its catalog says now. */
export async function tablesOf(access: Access): Promise<readonly TableSchema[]> {
  if (productOf(access.url) === "postgres") return withClient(access, (client) => readTables(client, access.catalog));
  const source = await openVerifySource(access);
  try {
    return await source.tables();
  } finally {
    await source.close();
  }
}

/** A position as the people of that database write it. */
export function positionText(url: string, position: bigint): string {
  return productOf(url) === "mariadb" ? (position / 8n).toString() : formatLsn(position);
}
