/** `vectors/evidence.json`: what was written once is written the same today, and is judged the same. */
import { fromBase64, fromHex, toHex } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import {
  checkEvidence,
  checkProofSeal,
  decodeChain,
  decodePromise,
  decodeProofFile,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_KINDS,
  followChain,
  promisedBy,
} from "../src/index.ts";
import { chain, contract, founding, genesis } from "./consortium.ts";
import { evidenceCases } from "./evidence-cases.ts";
import { codeThrown, p, vectors } from "./support.ts";

const vector = vectors<ReturnType<typeof evidenceCases>>("evidence");

describe("the vectors of evidence", () => {
  it("are what is made today, byte for byte", () => {
    expect(evidenceCases()).toEqual(vector);
  });

  it.each(EVIDENCE_KINDS)("hold a file of kind %s that convicts", (kind) => {
    const { finding, genesis: accused } = checkEvidence(p, contract, fromBase64(vector.evidence[kind] ?? ""));
    expect([finding.kind, finding.logKey]).toEqual([kind, genesis.logKey]);
    expect(accused).toEqual(genesis);
  });

  it.each(EVIDENCE_KINDS)(
    "never convict otherwise, nor break the reader, when a file of kind %s is altered or cut",
    (kind) => {
      const file = fromBase64(vector.evidence[kind] ?? "");
      const { finding } = checkEvidence(p, contract, file);
      for (let at = 0; at < file.length; at += 5) {
        const altered = file.slice();
        altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
        const outcome = codeThrown(() => {
          // What is left to alter are spare signatures and parts of the state that nobody reads: the finding is the same.
          const again = checkEvidence(p, contract, altered).finding;
          expect({ ...again, members: undefined }).toEqual({ ...finding, members: undefined });
        });
        expect(outcome).toMatch(/^(?:no error|(?:core|ledger|crypto)\/.*)$/);
        expect(codeThrown(() => checkEvidence(p, contract, file.subarray(0, at)))).toMatch(/^(?:core|ledger)\//);
      }
    },
  );

  it("are far below the size that is refused unread", () => {
    const huge = new Uint8Array(EVIDENCE_BYTES_MAX + 1);
    expect(codeThrown(() => checkEvidence(p, contract, huge))).toBe("ledger/too-large");
    for (const kind of EVIDENCE_KINDS) expect(vector.evidence[kind]?.length).toBeLessThan(10_000);
  });

  it("hold a promise, a trust chain, and a proof that is decided with genesis alone", () => {
    expect(promisedBy(p, genesis.logKey, decodePromise(fromBase64(vector.promise)))).toBe(true);
    expect(followChain(p, chain, founding, decodeChain(fromBase64(vector.trustChain))).epoch).toBe(1);
    const proof = decodeProofFile(fromBase64(vector.proof));
    if (proof.seal === undefined) throw new TypeError("the proof of the vectors brings its seal");
    const checked = checkProofSeal(p, genesis, proof, proof.seal);
    expect(checked).toMatchObject({ set: { epoch: 2 }, cosigned: 3, of: 4 });
    expect(toHex(proof.seal.genesis)).toBe(vector.genesis);
    expect(fromHex(vector.genesis)).toHaveLength(32);
  });
});
