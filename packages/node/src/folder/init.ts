/** Making a data folder: keys, configuration, genesis, an empty ledger. */
import { appendFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { chainId, orgId, slug, toHex, utf8 } from "@anamnesis/core";
import { DEFAULT_POLICY, type Genesis, type GenesisBody, genesisToJson, signGenesis } from "@anamnesis/ledger";
import { explainFile, nodeError } from "../errors.ts";
import { createFolderLedger } from "../ledger.ts";
import { primitives, systemClock } from "../system.ts";
import { makeFolder, writeWhole } from "./files.ts";
import { type Identity, makeIdentity } from "./identity.ts";
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
  const layout = layoutOf(options.dir);
  const who = identityOf(options);
  try {
    prepare(layout);
    const genesis = writeIdentity(layout, who);
    await createFolderLedger(layout, genesis);
    rmSync(layout.unfinished);
  } catch (problem) {
    throw explainFile(problem, "the folder cannot be made");
  }
  const { dir, config, organisation, genesis, keys, ledger, sources } = layout;
  return { dir, organisation: who.id, chain: who.chain, paths: [config, organisation, genesis, keys, ledger, sources] };
}

/**
 * The first half of `initFolder`, for an organisation that founds or joins a ledger together with others: keys, configuration
 * and `organisation.json`, which the others get. The folder is complete once it has a genesis (`adoptGenesis`).
 * @throws AnamnesisError as `initFolder`
 */
export function prepareFolder(options: InitOptions & { readonly chain: string }): Made {
  const layout = layoutOf(options.dir);
  const who = identityOf(options);
  try {
    prepare(layout);
    makeIdentity(layout, who);
    rmSync(layout.unfinished);
  } catch (problem) {
    throw explainFile(problem, "the folder cannot be made");
  }
  const { dir, config, organisation, keys, ledger, sources } = layout;
  return { dir, organisation: who.id, chain: who.chain, paths: [config, organisation, keys, ledger, sources] };
}

function identityOf(options: InitOptions): Identity {
  const id = orgId(options.id ?? idFrom(options.organisation));
  const chain = chainId(options.chain ?? id);
  return { id, chain, name: options.organisation, port: options.port ?? DEFAULT_PORT };
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
  const { config, organisation, genesis, keys, ledger, sources } = layout;
  for (const path of [config, organisation, genesis, keys, ledger, sources])
    rmSync(path, { recursive: true, force: true });
}

function writeIdentity(layout: FolderLayout, who: Identity): Genesis {
  const { organisation, signer } = makeIdentity(layout, who);
  const logKey = makeKey(layout.logKey);
  const body: GenesisBody = {
    chain: chainId(who.chain),
    time: systemClock.now(),
    organisations: [organisation],
    logKey: primitives.ed25519PublicKey(logKey),
    policy: DEFAULT_POLICY,
  };
  const genesis = signGenesis(primitives, body, signer);
  writeWhole(layout.genesis, genesisToJson(genesis), 0o644);
  return genesis;
}
