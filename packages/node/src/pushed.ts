/** A source whose changes are pushed: its inbox, and the door through which they come. */
import {
  debeziumSource,
  Inbox,
  pushedTable,
  type RowImage,
  type RowIndexReader,
  RowWriter,
  receivePush,
  type Source,
  type TableSchema,
} from "@anamnesis/capture";
import type { Handles } from "@anamnesis/crypto";
import type { SourceAccess } from "./access.ts";
import type { SourceConfig } from "./folder/config.ts";
import { productOf } from "./folder/url.ts";
import { primitives } from "./system.ts";

/** Where a sender's requests go. */
export interface PushDoor {
  readonly token: string;
  take(body: string): object;
}

export interface PushedSource {
  readonly source: Source;
  readonly door: PushDoor;
  close(): void;
}

type Access = Pick<SourceAccess, "files" | "catalog"> & { readonly handles: Handles };

/** Undefined when the source is a database. @throws AnamnesisError `capture/damaged-store` */
export function openPushed(
  { push, subjects }: SourceConfig,
  { url, files, handles }: Access & Pick<SourceAccess, "url">,
  index: RowIndexReader,
): PushedSource | undefined {
  if (productOf(url) !== "debezium") return undefined;
  const inbox = new Inbox({ path: files.inbox, keys: push?.keys ?? {} });
  const writer = new RowWriter();
  const isKnown = (table: TableSchema, row: RowImage): boolean =>
    table.keyColumns.length > 0 &&
    index.find(table.handle, handles.row(table.handle, writer.key(row, table))) !== undefined;
  return {
    source: debeziumSource({ inbox, handles, primitives, subjects, isKnown }),
    door: { token: push?.token ?? "", take: (body) => receivePush(inbox, body) },
    close: () => inbox.close(),
  };
}

/** Tables as the newest changes showed them. */
export function pushedTables({ files, handles, catalog }: Access): readonly TableSchema[] {
  const inbox = new Inbox({ path: files.inbox, keys: {} });
  try {
    const { subjects = {} } = catalog;
    return inbox.tables().map((table) => pushedTable({ handles, primitives, subjects }, table));
  } finally {
    inbox.close();
  }
}
