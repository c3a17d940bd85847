/** Evidence: who broke which promise, shown by one file (ADR 0012 point 7, spec/log.md "Evidence"). */
import type { Bytes } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Contract } from "../contract.ts";
import type { Genesis } from "../genesis.ts";
import { type BackDatedFinding, checkBackDated } from "./back-dated.ts";
import { type BadBlockFinding, checkBadBlock } from "./bad-block.ts";
import { type BrokenPromiseFinding, checkBrokenPromise } from "./broken-promise.ts";
import { decodeEvidence } from "./file.ts";
import { checkFork, type ForkFinding } from "./fork.ts";
import { groundOf } from "./ground.ts";
import { checkWithheld, type WithheldFinding } from "./withheld.ts";

export { BACK_DATED_TOLERANCE_MS, type BackDatedFinding, type LaterBlock, makeBackDated } from "./back-dated.ts";
export { type BadBlockFinding, makeBadBlock, type SuspectBlock } from "./bad-block.ts";
export { type BrokenPromiseFinding, makeBrokenPromise } from "./broken-promise.ts";
export { EVIDENCE_BYTES_MAX, EVIDENCE_KINDS, type EvidenceKind, isEvidence } from "./file.ts";
export { type ForkFinding, makeFork, type Prefix, prefixOf } from "./fork.ts";
export type { Accuser } from "./ground.ts";
export type { BlockFault } from "./judge-block.ts";
export {
  decodeTestimonies,
  encodeTestimonies,
  isStatedBy,
  type Missing,
  makeWithheld,
  type Statement,
  stateWithheld,
  TESTIMONIES_MAX,
  type Testimony,
  type WithheldFinding,
} from "./withheld.ts";

export type Finding = ForkFinding | BadBlockFinding | BrokenPromiseFinding | BackDatedFinding | WithheldFinding;

export interface CheckedEvidence {
  readonly finding: Finding;
  /** The founding document in the file: the reader compares it with the one known from elsewhere. */
  readonly genesis: Genesis;
  /** Epoch of the members who count. */
  readonly epoch: number;
}

/**
 * Decides whether the file convicts, from nothing but itself and the rules of this version.
 * @param contract the rules by which blocks are executed
 * @throws AnamnesisError `ledger/bad-evidence` when it convicts nobody; `ledger/bad-checkpoint`, `ledger/bad-proof`,
 *   `ledger/bad-genesis`, `ledger/not-sealed`, `ledger/broken-chain` when something in it is not what it claims to be;
 *   `ledger/malformed`, `ledger/too-large`, `core/…` when it cannot be read
 */
export function checkEvidence(p: Primitives, contract: Contract, bytes: Bytes): CheckedEvidence {
  const { kind, content, ...file } = decodeEvidence(bytes);
  const ground = groundOf(p, file);
  const check = (): Finding => {
    switch (kind) {
      case "fork":
        return checkFork(p, ground, content);
      case "bad-block":
        return checkBadBlock(p, contract, ground, content);
      case "broken-promise":
        return checkBrokenPromise(p, ground, content);
      case "back-dated":
        return checkBackDated(p, ground, content);
      case "withheld":
        return checkWithheld(p, ground, content);
    }
  };
  return { finding: check(), genesis: ground.genesis, epoch: ground.set.epoch };
}
