/** `vectors/evidence.json`: what was written once is written the same today, and is judged the same. */
import { fromBase64, fromHex, toHex } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import {
  checkEvidence,
  checkProofSeal,
  decodeChain,
  decodePromise,
  decodeProofFile,
  EVIDENCE_KINDS,
  followChain,
  promisedBy,
} from "../src/index.ts";
import { chain, contract, founding, genesis } from "./consortium.ts";
import { evidenceCases } from "./evidence-cases.ts";
import { p, vectors } from "./support.ts";

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
