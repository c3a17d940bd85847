/** A command about members, signed with the organisation's key and made final: by the node that runs, or by ourselves. */
import { existsSync } from "node:fs";
import { asUint, type Cbor, codeOf, decode, toHex } from "@anamnesis/core";
import type { Signer } from "@anamnesis/crypto";
import { decodeLeaf, type LogReader, noncePath, type SignedTransaction, signTransaction } from "@anamnesis/ledger";
import { nodeError } from "../errors.ts";
import { type Folder, organisationSigner } from "../folder/folder.ts";
import type { SubmitOnce } from "../follower/orderer.ts";
import { openEngine, openLog } from "../ledger.ts";
import { announced } from "../running-file.ts";
import { primitives, systemClock } from "../system.ts";

export interface MemberCommand {
  readonly kind: string;
  readonly body: Cbor;
}

export interface CommandWays {
  /** To whoever takes transactions at this address, for those who show the token. */
  submitTo(node: { readonly url: string; readonly token: string }): SubmitOnce;
  readonly signal: AbortSignal;
}

/** A capture at work signs with the same key, and may have used the nonce in between. */
const NONCE_TRIES = 5;
const LIFETIME_S = 600;

/**
 * Resolves when the command is final.
 * @throws AnamnesisError with the code of the refusal, what the way throws, `node/no-orderer` when nobody can take it
 */
export async function runMemberCommand(folder: Folder, command: MemberCommand, ways: CommandWays): Promise<void> {
  const running = announced(folder);
  const { orderer, gateway } = folder.config;
  const remote = running === undefined ? orderer : { url: running.url, token: gateway.entriesToken };
  if (remote !== undefined) return submitted(folder, command, ways.submitTo(remote), ways.signal);
  if (!existsSync(folder.layout.logKey)) {
    throw nodeError("node/no-orderer", "this folder neither orders nor names the node that does");
  }
  const engine = await openEngine(folder);
  try {
    await submitted(folder, command, (tx) => engine.submit(tx), ways.signal);
  } finally {
    await engine.close();
  }
}

async function submitted(
  folder: Folder,
  command: MemberCommand,
  submit: (tx: SignedTransaction, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const signer = organisationSigner(folder);
  for (let left = NONCE_TRIES; ; left--) {
    const tx = await signedCommand(folder, signer, command);
    try {
      await submit(tx, signal);
      return;
    } catch (error) {
      if (left <= 1 || codeOf(error) !== "ledger/nonce-repeated") throw error;
    }
  }
}

async function signedCommand(
  folder: Folder,
  signer: Signer,
  { kind, body }: MemberCommand,
): Promise<SignedTransaction> {
  const reader = await openLog(folder);
  try {
    const { nonce, time } = await place(reader, signer);
    const expires = Math.floor(time / 1000) + LIFETIME_S;
    return signTransaction(primitives, { chain: folder.genesis.chain, kind, nonce, expires, body }, [signer]);
  } finally {
    await reader.close();
  }
}

/** Nonces are microseconds by the clock, and never behind what the ledger knows; nor is the time. */
async function place(reader: LogReader, signer: Signer): Promise<{ readonly nonce: number; readonly time: number }> {
  const { value, blockLeaf } = await reader.read(noncePath(toHex(signer.keyId)));
  const leaf = decodeLeaf(blockLeaf);
  const time = Math.max(systemClock.now(), leaf.type === "block" ? leaf.time : 0);
  const used = value === undefined ? 0 : asUint(decode(value, "nonce"), "nonce");
  return { nonce: Math.max(time * 1000, used + 1), time };
}
