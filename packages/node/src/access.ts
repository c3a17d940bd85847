/** One source as this member may see it: address, handles, subject keys, which tables. Shared by capture and verify. */
import { existsSync } from "node:fs";
import {
  type CatalogOptions,
  type KeyStore,
  openKeyStore,
  SubjectSealers,
  type TableHandles,
  tableHandles,
} from "@anamnesis/capture";
import { handles } from "@anamnesis/crypto";
import { nodeError } from "./errors.ts";
import { type Folder, sourceOf } from "./folder/folder.ts";
import { readKey } from "./folder/keys.ts";
import { type SourceLayout, sourceLayout } from "./folder/layout.ts";
import { databaseUrl } from "./folder/url.ts";
import { primitives } from "./system.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SourceAccess {
  readonly name: string;
  readonly organisation: string;
  readonly files: SourceLayout;
  /** With its password: for connecting only. */
  readonly url: string;
  readonly handles: TableHandles;
  readonly keys: KeyStore;
  readonly sealers: SubjectSealers;
  readonly catalog: CatalogOptions;
  close(): void;
}

/**
 * @param mode `write` makes what is missing (only the process that captures may); `read` touches nothing
 * @throws AnamnesisError `node/unknown-source`, `node/not-captured`, `node/bad-key-file`, `node/missing-variable`
 */
export function openAccess(folder: Folder, name: string, mode: "read" | "write", env: Environment): SourceAccess {
  const config = sourceOf(folder, name);
  const files = sourceLayout(folder.layout, config.name);
  if (mode === "read" && !existsSync(files.index)) {
    throw nodeError("node/not-captured", "this source was never captured", { source: name });
  }
  const url = databaseUrl(config.url, env);
  const named = tableHandles(handles(primitives, readKey(files.handleKey)));
  const keys = openKeyStore({ path: files.keys, primitives, readOnly: mode === "read" });
  const { tables: include, exclude, subjects } = config;
  return {
    name: config.name,
    organisation: folder.config.organisation,
    files,
    url,
    handles: named,
    keys,
    sealers: new SubjectSealers(primitives, keys),
    catalog: { handles: named, primitives, include, exclude, subjects },
    close: () => keys.close(),
  };
}
