/** Which reader of facts a source has, by its address. */
import { productOf } from "../folder/url.ts";
import { pushed } from "../sources.ts";
import type { FactsReader } from "./facts-reader.ts";
import { openMariadbReader } from "./mariadb-reader.ts";
import { openPostgresReader } from "./postgres-reader.ts";

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`, `node/pushed-source` */
export async function openFactsReader(url: string): Promise<FactsReader> {
  switch (productOf(url)) {
    case "postgres":
      return openPostgresReader(url);
    case "mariadb":
      return openMariadbReader(url);
    case "debezium":
      throw pushed();
  }
}
