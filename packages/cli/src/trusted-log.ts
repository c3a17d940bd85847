/** A log named on the command line: its verifier key, its address, or a file with its founding document. */
import { existsSync } from "node:fs";
import { fromUtf8 } from "@anamnesis/core";
import { httpFetcher } from "@anamnesis/gateway";
import { checkGenesis, type Genesis, genesisFromJson, ledgerError, logVerifierKey } from "@anamnesis/ledger";
import { primitives } from "@anamnesis/node";
import { readNamedFile } from "./files.ts";

export interface TrustedLog {
  readonly verifierKey: string;
  /** The key came from the log's own address, so nobody else vouches for it. */
  readonly firstUse: boolean;
}

/** @throws AnamnesisError `ledger/no-ledger`, `ledger/bad-genesis`, `gateway/unreachable`, `cli/unreadable-file`, … */
export async function trustedLog(text: string): Promise<TrustedLog> {
  if (/^https?:\/\//.test(text)) {
    const genesis = await httpFetcher(text).genesis();
    if (genesis === undefined) throw ledgerError("ledger/no-ledger", "the address gives no genesis.json");
    return { verifierKey: keyOf(genesis), firstUse: true };
  }
  if (!existsSync(text)) return { verifierKey: text, firstUse: false };
  const genesis = genesisFromJson(fromUtf8(readNamedFile(text)));
  return { verifierKey: keyOf(genesis), firstUse: false };
}

/** A document that its founders did not sign says nothing about a log. */
function keyOf(genesis: Genesis): string {
  checkGenesis(primitives, genesis);
  return logVerifierKey(primitives, genesis);
}
