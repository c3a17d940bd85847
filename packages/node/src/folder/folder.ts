/** Opening a data folder: its configuration, genesis and keys, checked before anything else happens. */
import { readFileSync, statSync } from "node:fs";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { checkGenesis, type Genesis, genesisFromJson } from "@anamnesis/ledger";
import { explainFile, nodeError } from "../errors.ts";
import { primitives } from "../system.ts";
import { type Config, readConfig, type SourceConfig } from "./config.ts";
import { readKey } from "./keys.ts";
import { type FolderLayout, layoutOf } from "./layout.ts";

export interface Folder {
  readonly layout: FolderLayout;
  readonly config: Config;
  readonly genesis: Genesis;
}

/** @throws AnamnesisError `node/no-folder`, `node/half-made-folder`, `node/no-genesis`, `node/bad-config`, `node/no-access` */
export function openFolder(dir: string): Folder {
  const layout = layoutOf(dir);
  if (isThere(layout.unfinished)) {
    throw nodeError("node/half-made-folder", "the `init` of this folder was cut off", { folder: layout.dir });
  }
  if (!isThere(layout.config)) {
    throw nodeError("node/no-folder", "there is no Anamnesis data folder here", { folder: layout.dir });
  }
  return { layout, config: readConfig(layout.config), genesis: readGenesis(layout.genesis) };
}

/** Unlike `existsSync`, tells a folder that this account may not look into from one that is not there. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (problem) {
    if (isMissing(problem)) return false;
    throw explainFile(problem, "the data folder cannot be read");
  }
}

const isMissing = (problem: unknown): boolean =>
  problem instanceof Error && "code" in problem && (problem.code === "ENOENT" || problem.code === "ENOTDIR");

function readGenesis(path: string): Genesis {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (problem) {
    if (isMissing(problem)) throw nodeError("node/no-genesis", "there is no genesis.json in the data folder");
    throw explainFile(problem, "genesis.json cannot be read");
  }
  const genesis = genesisFromJson(text);
  checkGenesis(primitives, genesis);
  return genesis;
}

/** @throws AnamnesisError `node/unknown-source` */
export function sourceOf(folder: Folder, name: string): SourceConfig {
  const found = folder.config.sources.find((s) => s.name === name);
  if (found !== undefined) return found;
  throw nodeError("node/unknown-source", "no source of this name is configured", { source: name.slice(0, 32) });
}

/** The organisation's key, as a thing that signs. */
export const organisationSigner = (folder: Folder): Signer =>
  signerFromSeed(primitives, "INTL-1", readKey(folder.layout.orgKey));

export const logSeed = (folder: Folder): Uint8Array => readKey(folder.layout.logKey);

export const cosignerSeed = (folder: Folder): Uint8Array => readKey(folder.layout.cosignerKey);
