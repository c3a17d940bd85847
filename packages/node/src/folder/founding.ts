/**
 * Founding a ledger together. One member, who will order it, proposes a genesis over the public files of all; each signs it in
 * turn; each adopts the complete one. Only public files travel: keys of two organisations never meet in one folder.
 */
import { existsSync, readFileSync } from "node:fs";
import { signerFromSeed } from "@anamnesis/crypto";
import {
  checkGenesis,
  DEFAULT_POLICY,
  type Genesis,
  type GenesisBody,
  genesisFromJson,
  genesisToJson,
  organisationFromJson,
  type Policy,
  signGenesis,
  unsignedFounders,
} from "@anamnesis/ledger";
import { explainFile, nodeError } from "../errors.ts";
import { createFolderLedger } from "../ledger.ts";
import { primitives, systemClock } from "../system.ts";
import { readConfig } from "./config.ts";
import { writeWhole } from "./files.ts";
import { makeKey, readKey } from "./keys.ts";
import { type FolderLayout, layoutOf } from "./layout.ts";

export interface ProposedGenesis {
  readonly file: string;
  readonly chain: string;
  readonly organisations: readonly string[];
  /** Founders who still have to sign. */
  readonly missing: readonly string[];
}

/**
 * Makes the log's key in this folder, whose node will order, and an unsigned genesis over the folder's own organisation and
 * those of the others.
 * @param members contents of the others' `organisation.json` files
 * @throws AnamnesisError `ledger/malformed`, `ledger/bad-genesis`, `node/no-folder`, `node/already-made`, `node/bad-key-file`
 */
export function proposeGenesis(
  dir: string,
  members: readonly string[],
  file: string,
  policy?: Policy,
): ProposedGenesis {
  const layout = preparedFolder(dir);
  const organisations = [readOwn(layout), ...members].map(organisationFromJson);
  const logKey = existsSync(layout.logKey) ? readKey(layout.logKey) : makeKey(layout.logKey);
  const body: GenesisBody = {
    chain: readConfig(layout.config).chain,
    time: systemClock.now(),
    organisations,
    logKey: primitives.ed25519PublicKey(logKey),
    policy: policy ?? DEFAULT_POLICY,
  };
  return save(file, signGenesis(primitives, body, signerOf(layout)));
}

/**
 * Adds the folder's signature to a proposed genesis.
 * @param proposed content of the file
 * @throws AnamnesisError as `proposeGenesis`, and `ledger/unknown-key`
 */
export function signGenesisFile(dir: string, proposed: string, file: string): ProposedGenesis {
  const layout = preparedFolder(dir);
  const genesis = genesisFromJson(proposed);
  requireChain(layout, genesis);
  return save(file, signGenesis(primitives, genesis, signerOf(layout)));
}

/**
 * Takes a complete genesis into the folder. Who holds the log's key makes the ledger; the others will follow it.
 * @throws AnamnesisError `ledger/bad-genesis` while a signature is missing, `node/bad-config`, as `proposeGenesis`
 */
export async function adoptGenesis(dir: string, complete: string): Promise<{ readonly orders: boolean }> {
  const layout = preparedFolder(dir);
  const genesis = genesisFromJson(complete);
  checkGenesis(primitives, genesis);
  requireChain(layout, genesis);
  const orders = existsSync(layout.logKey);
  if (orders) await createFolderLedger(layout, genesis);
  try {
    // Last: a folder with a genesis is complete.
    writeWhole(layout.genesis, genesisToJson(genesis), 0o644);
  } catch (problem) {
    throw explainFile(problem, "the genesis cannot be written");
  }
  return { orders };
}

const signerOf = (layout: FolderLayout) => signerFromSeed(primitives, "INTL-1", readKey(layout.orgKey));

/** A folder made by `init --join` that has no genesis yet. */
function preparedFolder(dir: string): FolderLayout {
  const layout = layoutOf(dir);
  if (!existsSync(layout.config)) {
    throw nodeError("node/no-folder", "there is no Anamnesis data folder here", { folder: layout.dir });
  }
  if (existsSync(layout.genesis)) {
    throw nodeError("node/already-made", "this folder belongs to a founded ledger already", { folder: layout.dir });
  }
  return layout;
}

function requireChain(layout: FolderLayout, genesis: Genesis): void {
  if (readConfig(layout.config).chain === genesis.chain) return;
  throw nodeError("node/bad-config", "anamnesis.toml names another chain than the genesis file", { setting: "chain" });
}

function save(file: string, genesis: Genesis): ProposedGenesis {
  try {
    writeWhole(file, genesisToJson(genesis), 0o644);
  } catch (problem) {
    throw explainFile(problem, "the genesis file cannot be written");
  }
  const organisations = genesis.organisations.map(({ id }) => id);
  return { file, chain: genesis.chain, organisations, missing: unsignedFounders(primitives, genesis) };
}

function readOwn(layout: FolderLayout): string {
  if (!existsSync(layout.organisation)) {
    throw nodeError("node/no-folder", "the folder has no organisation.json: make it with `anamnesis init --join`");
  }
  return readFileSync(layout.organisation, "utf8");
}
