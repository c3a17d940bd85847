/**
 * Following the ledger's account of a key. Nonces come from the clock, and so does the time after which a transaction is worth
 * nothing; a clock that was put back, or another source that uses the same key, may have left the ledger ahead of us.
 */
import { asUint, decode, toHex } from "@anamnesis/core";
import { decodeLeaf, type LogReader, noncePath } from "@anamnesis/ledger";
import type { BatchSigner } from "./batcher.ts";

/** Nonces are microseconds by the clock. */
const PER_MS = 1_000;

/**
 * Moves the nonce to where the ledger is. `leaps`: how often it was refused already; two that share a key and a clock that
 * stands behind get out of each other's way by ever longer steps.
 */
export async function followNonce(engine: Pick<LogReader, "read">, how: BatchSigner, leaps = 0): Promise<void> {
  const { value, blockLeaf } = await engine.read(noncePath(toHex(how.signer.keyId)));
  const leaf = decodeLeaf(blockLeaf);
  const agreed = leaf.type === "block" ? leaf.time * PER_MS : 0;
  const used = value === undefined ? 0 : asUint(decode(value, "nonce"), "nonce");
  const last = Math.max(how.nonce, used);
  // The ledger's time never runs backwards: where it is ahead of our clock, the nonce must tell it (see `signBatch`).
  const behind = agreed > how.now() * PER_MS ? agreed : 0;
  how.nonce = Math.max(last, behind) + (leaps === 0 ? 0 : PER_MS * 2 ** leaps);
}
