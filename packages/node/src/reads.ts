/** Reads from the database's log, for a source whose configuration asks for them. */
import { resolve } from "node:path";
import { type CaptureOptions, openReads, type Reads } from "@anamnesis/capture";
import type { SourceAccess } from "./access.ts";
import { nodeError } from "./errors.ts";
import type { FolderLayout } from "./folder/layout.ts";
import type { ReadsConfig } from "./folder/reads-config.ts";

export interface SourceReads {
  readonly reads: Reads | undefined;
  /** What capture is given for them. */
  readonly options: Pick<CaptureOptions, "interludes" | "actorOf">;
  close(): void;
}

/** @throws AnamnesisError `node/bad-config`, `capture/log-unreadable`, `capture/damaged-store`. */
export function openSourceReads(
  { dir }: Pick<FolderLayout, "dir">,
  config: ReadsConfig | undefined,
  access: Pick<SourceAccess, "url" | "files">,
  now: () => number,
): SourceReads {
  if (config === undefined) return { reads: undefined, options: {}, close: () => undefined };
  if (!/^postgres(?:ql)?:/.test(access.url)) {
    throw nodeError("node/bad-config", "reads can be taken from the log of PostgreSQL only: remove the section");
  }
  const { log, mode, windowMs, applications, actor, purpose } = config;
  const reads = openReads({
    ...{ mode, windowMs, now },
    log: resolve(dir, log),
    store: access.files.reads,
    database: databaseName(access.url),
    who: {
      applications,
      ...(actor === undefined ? {} : { actorPattern: actor }),
      ...(purpose === undefined ? {} : { purposePattern: purpose }),
    },
  });
  return {
    reads,
    options: { interludes: [reads], actorOf: (xid, time) => reads.actorOf(xid, time) },
    close: () => reads.close(),
  };
}

/** As PostgreSQL reads an address: without a database, the login's name. */
function databaseName(url: string): string {
  const parsed = new URL(url);
  const path = decodeURIComponent(parsed.pathname.slice(1));
  return path === "" ? decodeURIComponent(parsed.username) : path;
}
