/** Making a data folder: keys, configuration, genesis, an empty ledger. */
import { appendFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { chainId, orgId, slug, toHex, utf8 } from "@anamnesis/core";
import type { Genesis } from "@anamnesis/ledger";
import { genesisToJson } from "@anamnesis/ledger";
import { explainFile, nodeError } from "../errors.ts";
import { createFolderLedger } from "../ledger.ts";
import { primitives, systemClock } from "../system.ts";
import { configText } from "./config-text.ts";
import { makeFolder, writeWhole } from "./files.ts";
import { makeKey } from "./keys.ts";
import { type FolderLayout, layoutOf } from "./layout.ts";

export interface InitOptions {
  readonly dir: string;
  /** As people write it: "Hospital Nord". */
  readonly organisation: string;
  /** Id on the ledger; made from the name when absent. */
  readonly id?: string;
  /** Name of the ledger; the organisation's id when absent. */
  readonly chain?: string;
  readonly port?: number;
}

export interface Made {
  readonly dir: string;
  readonly organisation: string;
  readonly chain: string;
  /** File or folder and its purpose is the caller's to say; here only the paths, in the order they were made. */
  readonly paths: readonly string[];
}

const DEFAULT_PORT = 8420;

/**
 * A folder is complete when its marker is gone. One with a marker never acknowledged anything, so `init` starts it over.
 * @throws AnamnesisError `node/folder-not-empty`, `node/already-made`, `node/no-access`, `node/disk-full`,
 *   `core/bad-identifier`
 */
export async function initFolder(options: InitOptions): Promise<Made> {
  const id = orgId(options.id ?? idFrom(options.organisation));
  const chain = chainId(options.chain ?? id);
  const layout = layoutOf(options.dir);
  try {
    prepare(layout);
    const genesis = writeIdentity(layout, {
      id,
      chain,
      name: options.organisation,
      port: options.port ?? DEFAULT_PORT,
    });
    await createFolderLedger(layout, genesis);
    rmSync(layout.unfinished);
  } catch (problem) {
    throw explainFile(problem, "the folder cannot be made");
  }
  const { dir, config, genesis, keys, ledger, sources } = layout;
  return { dir, organisation: id, chain, paths: [config, genesis, keys, ledger, sources] };
}

/** Names without a letter or digit of the Latin alphabet still need an id: a short hash, the same every time. */
function idFrom(name: string): string {
  const readable = slug(name);
  return readable === "" ? `org-${toHex(primitives.sha256(utf8(name))).slice(0, 8)}` : readable;
}

function prepare(layout: FolderLayout): void {
  makeFolder(layout.dir);
  const found = readdirSync(layout.dir);
  if (existsSync(layout.unfinished)) startOver(layout);
  else if (existsSync(layout.config)) {
    throw nodeError("node/already-made", "this folder is an Anamnesis data folder already", { folder: layout.dir });
  } else if (found.length > 0) {
    throw nodeError("node/folder-not-empty", "the folder is not empty, and what it holds is not ours", {
      folder: layout.dir,
    });
  }
  appendFileSync(layout.unfinished, "anamnesis init was at work here; run it again\n", { mode: 0o600 });
  for (const folder of [layout.keys, layout.ledger, layout.sources]) makeFolder(folder);
}

function startOver(layout: FolderLayout): void {
  const { config, genesis, keys, ledger, sources } = layout;
  for (const path of [config, genesis, keys, ledger, sources]) rmSync(path, { recursive: true, force: true });
}

function writeIdentity(
  layout: FolderLayout,
  who: { readonly id: string; readonly chain: string; readonly name: string; readonly port: number },
): Genesis {
  const organisationKey = makeKey(`${layout.keys}/org.key`);
  const logKey = makeKey(`${layout.keys}/log.key`);
  const genesis: Genesis = {
    chain: chainId(who.chain),
    time: systemClock.now(),
    organisations: [
      {
        id: orgId(who.id),
        name: who.name,
        keys: [{ suite: "INTL-1", publicKey: primitives.ed25519PublicKey(organisationKey) }],
      },
    ],
    logKey: primitives.ed25519PublicKey(logKey),
  };
  writeWhole(layout.genesis, genesisToJson(genesis), 0o644);
  const entriesToken = toHex(primitives.random(24));
  const { chain, id: organisation, name: displayName, port } = who;
  writeWhole(layout.config, configText({ chain, organisation, displayName, port, entriesToken }));
  return genesis;
}
