/** Checking an evidence file offline: whose log, who is accused, and whether the file convicts. */
import { contract } from "@anamnesis/contracts";
import { type Bytes, equal, isAnamnesisError } from "@anamnesis/core";
import { checkEvidence, type Finding, type Genesis, genesisHash } from "@anamnesis/ledger";
import { primitives } from "./system.ts";

export interface EvidenceVerdict {
  /** Whether it convicts, by the rules of this version. */
  readonly holds: boolean;
  /** Why not: code and words. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
  readonly finding: Finding | null;
  /** What the reader compares with what is known from elsewhere; null when it does not convict. */
  readonly log: AccusedLog | null;
}

export interface AccusedLog {
  readonly chain: string;
  /** Ed25519 key that the accused signs the log with. */
  readonly logKey: Uint8Array;
  /** SHA-256 of the founding document in the file, and its founders' ids. */
  readonly genesis: Uint8Array;
  readonly founders: readonly string[];
  /** Epoch of the members who count. */
  readonly epoch: number;
  /** Whether it is the founding document that the reader gave; null without one. */
  readonly trusted: boolean | null;
}

const NO_PROOF = [
  "ledger/bad-evidence",
  "ledger/bad-checkpoint",
  "ledger/bad-proof",
  "ledger/bad-genesis",
  "ledger/not-sealed",
  "ledger/broken-chain",
] as const;

/**
 * @param trusted the founding document that the reader knows: evidence about another ledger does not hold then
 * @throws AnamnesisError when the file cannot be read at all
 */
export function checkEvidenceFile(file: Bytes, trusted?: Genesis): EvidenceVerdict {
  const checked = attempt(file);
  if ("code" in checked) return { holds: false, refusal: checked, finding: null, log: null };
  const { finding, genesis, epoch } = checked;
  const hash = genesisHash(primitives, genesis);
  const same = trusted === undefined ? null : equal(genesisHash(primitives, trusted), hash);
  const founders = genesis.organisations.map(({ id }) => id);
  const log = { chain: genesis.chain, logKey: finding.logKey, genesis: hash, founders, epoch, trusted: same };
  const message = "the evidence is about a ledger with another founding document than the one given";
  const refusal = same === false ? { code: "ledger/wrong-chain", message } : null;
  return { holds: refusal === null, refusal, finding, log };
}

function attempt(file: Bytes) {
  try {
    return checkEvidence(primitives, contract, file);
  } catch (error) {
    if (!isAnamnesisError(error) || !NO_PROOF.some((code) => code === error.code)) throw error;
    return { code: error.code, message: error.message };
  }
}
