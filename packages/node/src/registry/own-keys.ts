/**
 * This organisation's own keys, on the ledger and in the folder. A fresh key is first made in a file of its own, then known
 * to the ledger, then put in place: whatever is cut off, a key that signs is in the folder.
 */
import { existsSync, renameSync } from "node:fs";
import {
  provePossession,
  ROTATE_COSIGNER_KIND,
  ROTATE_KEYS_KIND,
  rotateCosignerBody,
  rotateKeysBody,
} from "@anamnesis/contracts";
import { codeOf, toHex } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { openFolder, organisationSigner } from "../folder/folder.ts";
import { makeKey, readKey } from "../folder/keys.ts";
import { primitives } from "../system.ts";
import { type CommandWays, runMemberCommand } from "./command.ts";

export interface Rotated {
  /** Ids of the key that signed until now, and of the one that signs from now on, in hexadecimal. */
  readonly before: string;
  readonly now: string;
}

/** The older key stays valid until it is retired: a node that runs still signs with it. @throws as `runMemberCommand` */
export async function rotateSigningKey(dir: string, ways: CommandWays): Promise<Rotated> {
  const folder = openFolder(dir);
  const { orgKey } = folder.layout;
  const before = organisationSigner(folder);
  const fresh = freshKey(`${orgKey}.next`);
  const proof = provePossession(primitives, folder.genesis.chain, folder.config.organisation, "sign", fresh);
  const added = [{ suite: fresh.suite, publicKey: fresh.publicKey, proof }];
  await unlessDone(() =>
    runMemberCommand(folder, { kind: ROTATE_KEYS_KIND, body: rotateKeysBody({ added, retired: [] }) }, ways),
  );
  putInPlace(orgKey, before);
  return { before: toHex(before.keyId), now: toHex(fresh.keyId) };
}

/** @param id 16 bytes */
export async function retireKey(dir: string, id: Uint8Array, ways: CommandWays): Promise<void> {
  const body = rotateKeysBody({ added: [], retired: [id] });
  await runMemberCommand(openFolder(dir), { kind: ROTATE_KEYS_KIND, body }, ways);
}

/** The older one ends with the command: a node that runs must be restarted to cosign again. */
export async function rotateCosignerKey(dir: string, ways: CommandWays): Promise<void> {
  const folder = openFolder(dir);
  const { cosignerKey } = folder.layout;
  const before = signerFromSeed(primitives, "INTL-1", readKey(cosignerKey));
  const fresh = freshKey(`${cosignerKey}.next`);
  const proof = provePossession(primitives, folder.genesis.chain, folder.config.organisation, "cosign", fresh);
  const body = rotateCosignerBody(fresh.publicKey, proof);
  await unlessDone(() => runMemberCommand(folder, { kind: ROTATE_COSIGNER_KIND, body }, ways));
  putInPlace(cosignerKey, before);
}

/** The ledger may know the fresh key already, from an earlier try that was cut off. */
async function unlessDone(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const code = codeOf(error);
    if (code !== "registry/known-key" && code !== "registry/no-change") throw error;
  }
}

const freshKey = (path: string): Signer =>
  signerFromSeed(primitives, "INTL-1", existsSync(path) ? readKey(path) : makeKey(path));

/** The older key is kept under its id: what it signed can be told to be ours. */
function putInPlace(path: string, before: Signer): void {
  renameSync(path, `${path}.${toHex(before.keyId).slice(0, 8)}`);
  renameSync(`${path}.next`, path);
}
