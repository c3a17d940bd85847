/** A real MariaDB in a temporary folder, and a source on it, for integration tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fileMemory,
  type MariadbSourceOptions,
  mariadbSource,
  type RowImage,
  RowWriter,
  readTexts,
  type Source,
  type StreamHandler,
  valuesOf,
  withMariadb,
} from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { hasMariadb, type Mariadb, startMariadb } from "@anamnesis/sandbox";
import { skipLoudly } from "@anamnesis/testkit";
import { sourceHandles } from "./harness.ts";

export interface MariadbPlace {
  readonly dir: string;
  readonly server: Mariadb;
  /** Runs statements one after the other on one connection; gives the rows of the last. */
  sql(...statements: readonly string[]): Promise<(string | null)[][]>;
  /** Starts the server again, with other settings if given. */
  restart(settings?: Readonly<Record<string, string>>): Promise<void>;
  remove(): Promise<void>;
}

export const noMariadb = (name: string): boolean =>
  !hasMariadb() && skipLoudly({ name, needs: "mariadb", reason: "mariadbd is not installed" });

export async function mariadbPlace(settings: Readonly<Record<string, string>> = {}): Promise<MariadbPlace> {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-mariadb-"));
  let server = await startMariadb({ dir: join(dir, "db"), extraSettings: settings });
  return {
    dir,
    get server() {
      return server;
    },
    sql: (...statements) => mariadbSql(server.url, ...statements),
    async restart(more = settings) {
      await server.stop();
      server = await startMariadb({ dir: join(dir, "db"), extraSettings: more, port: server.port });
    },
    async remove() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function mariadbSql(url: string, ...statements: readonly string[]): Promise<(string | null)[][]> {
  return withMariadb({ url }, async (connection) => {
    let rows: (string | null)[][] = [];
    for (const statement of statements) rows = await readTexts(connection, statement);
    return rows;
  });
}

export const mariadbSourceAt = (
  place: Pick<MariadbPlace, "dir" | "server">,
  more: Partial<MariadbSourceOptions> = {},
): Source =>
  mariadbSource({
    url: place.server.url,
    memory: fileMemory(join(place.dir, "binlog.json")),
    handles: sourceHandles,
    primitives: native,
    ...more,
  });

/** What went by, with row bytes as texts. */
export interface Seen {
  readonly kind: string;
  readonly table: string;
  readonly before?: string;
  readonly after?: string;
  readonly lsn: bigint;
  readonly actor?: string | null;
  /** Fingerprint of the columns. */
  readonly schema?: string;
}

/** Streams until everything that is committed now was delivered. */
export async function streamed(source: Source): Promise<readonly Seen[]> {
  const { end } = await source.life();
  const seen: Seen[] = [];
  const writer = new RowWriter();
  let lsn = 0n;
  const text = (image: RowImage): string =>
    Buffer.from(writer.row(valuesOf(image).map((v) => (v === undefined ? Buffer.from("<unsent>") : v)))).toString(
      "latin1",
    );
  const handler: StreamHandler = {
    begin: (start) => {
      lsn = start.lsn;
    },
    change(change) {
      if (change.kind === "actor") seen.push({ kind: "actor", table: "", lsn, actor: change.actor });
      else
        seen.push({
          ...{ kind: change.kind, table: change.table.name, lsn, schema: toHex(change.table.schemaId) },
          ...("before" in change && change.before !== null ? { before: text(change.before) } : {}),
          ...("after" in change ? { after: text(change.after) } : {}),
        });
    },
    commit: () => undefined,
    idle: () => undefined,
    barrier: () => undefined,
  };
  const stream = await source.stream(handler, { signal: AbortSignal.timeout(30_000), until: end });
  await stream.done;
  return seen;
}
