/** What an accusation stands on: the founding document, the sets of members since, and what the log's key signed. */
import type { ChainId } from "@anamnesis/core";
import { equal } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Checkpoint, parseCheckpoint } from "../checkpoint.ts";
import { ledgerError } from "../errors.ts";
import { decodeGenesis, encodeGenesis, type Genesis, logOrigin } from "../genesis.ts";
import { checkGenesis } from "../genesis-check.ts";
import { foundingSet, type MemberSet } from "../member-set.ts";
import { openNote } from "../note.ts";
import { parseNote } from "../note-format.ts";
import { noteVerifier } from "../note-key.ts";
import { type SealedState, trustedSets } from "../trust-chain.ts";
import type { EvidenceFile } from "./file.ts";

export interface Ground {
  readonly genesis: Genesis;
  readonly chain: ChainId;
  /** The newest set of members that the links lead to: those who count. */
  readonly set: MemberSet;
  /** Every key that signed the log since its foundation. */
  readonly logKeys: readonly Uint8Array[];
}

/** What makers of evidence have in hand. */
export interface Accuser {
  readonly primitives: Primitives;
  readonly genesis: Genesis;
  /** Empty as long as neither the members nor the log's key that matter have changed. */
  readonly links: readonly SealedState[];
}

/** @throws AnamnesisError `ledger/bad-genesis`, and what `followChain` throws */
export function groundOf(p: Primitives, file: Pick<EvidenceFile, "genesis" | "links">): Ground {
  const genesis = decodeGenesis(file.genesis);
  checkGenesis(p, genesis);
  const { chain } = genesis;
  const sets = trustedSets(p, chain, foundingSet(genesis), file.links);
  const logKeys = sets.map((each) => each.logKey).filter((key, i, all) => all.findIndex((k) => equal(k, key)) === i);
  return { genesis, chain, set: sets.at(-1) ?? foundingSet(genesis), logKeys };
}

/** The envelope of what an accuser says. */
export const envelope = ({ genesis, links }: Accuser) => ({ genesis: encodeGenesis(genesis), links });

export interface LogSigned {
  readonly checkpoint: Checkpoint;
  readonly logKey: Uint8Array;
}

/**
 * A checkpoint that a key of the log signed: nobody else can be held to it.
 * @throws AnamnesisError `ledger/bad-checkpoint`, `ledger/malformed`
 */
export function signedByLog(p: Primitives, { chain, logKeys }: Ground, note: string): LogSigned {
  const origin = logOrigin(chain);
  const verifiers = logKeys.map((key) => noteVerifier(p, origin, "ed25519", key));
  const { signatures } = parseNote(note);
  const verifier = verifiers.find((v) => signatures.some((s) => s.name === v.name && s.keyId === v.keyId));
  if (verifier === undefined) throw ledgerError("ledger/bad-checkpoint", "no key of the log signed this checkpoint");
  const checkpoint = parseCheckpoint(openNote(p, note, [verifier]).text);
  if (checkpoint.origin === origin) return { checkpoint, logKey: verifier.publicKey };
  throw ledgerError("ledger/bad-checkpoint", "the checkpoint is of another log");
}

/** The file does not show what it claims. */
export const acquitted = (why: string) => ledgerError("ledger/bad-evidence", `this is no proof: ${why}`);
