/** One file of each kind, made from constants alone: what `vectors/evidence.json` holds. */
import { toBase64, toHex } from "@anamnesis/core";
import {
  blockLeaf,
  chooseTrust,
  encodeChain,
  encodeProofFile,
  formatNote,
  genesisHash,
  inclusionPath,
  makeBackDated,
  makeBadBlock,
  makeBrokenPromise,
  makeFork,
  makeWithheld,
  noncePath,
  prefixOf,
  type SealedState,
  signPromise,
  stateWithheld,
} from "../src/index.ts";
import {
  chain,
  contract,
  cosign,
  FOUNDERS,
  fixture,
  founding,
  genesis,
  keyHex,
  memberSign,
  setOf,
  signLog,
} from "./consortium.ts";
import { naiveReader, p } from "./support.ts";
import { accuser, BLOCK_MS, NOTHING, noteOf, script, world } from "./trial.ts";

function fork(): Uint8Array {
  const older = world(2).leaves.with(3, NOTHING);
  const newer = world(4).leaves;
  return makeFork(accuser, noteOf(older), noteOf(newer), prefixOf(p, naiveReader(newer), older.length, newer.length));
}

function badBlock(): Uint8Array {
  const honest = world(2);
  const leaves = world(3)
    .leaves.slice(honest.size)
    .with(-1, blockLeaf(3, genesis.time + 3 * BLOCK_MS, honest.root));
  const all = [...honest.leaves, ...leaves];
  const previous = { leaf: honest.leaves.at(-1) ?? NOTHING, index: honest.size - 1 };
  const { state, nodes } = honest;
  const suspect = { note: noteOf(all), size: all.length, previous, leaves, tree: naiveReader(all), state, nodes };
  return makeBadBlock(accuser, contract, suspect);
}

const promised = script[3]?.[0];
const promise = signPromise(p.ed25519Signer(fixture.logSeed), {
  chain,
  transaction: promised?.id ?? NOTHING,
  keyId: fixture.member.keyId,
  nonce: promised?.transaction.nonce ?? 0,
  acceptedMs: genesis.time + BLOCK_MS,
  byMs: genesis.time + 2 * BLOCK_MS,
});

function brokenPromise(): Uint8Array {
  const log = world(3);
  return makeBrokenPromise(accuser, promise, log.note(), log.proved(noncePath(keyHex)));
}

function backDated(): Uint8Array {
  const log = world(2);
  const text = log.text();
  const late = (genesis.time + 3_600_000) / 1000;
  const sealed = formatNote(text, [signLog(text), ...FOUNDERS.slice(1).map((name) => cosign(name, text, late))]);
  const { leaves } = world(3);
  const index = leaves.length - 1;
  const path = inclusionPath(p, naiveReader(leaves), index, leaves.length);
  return makeBackDated(accuser, sealed, { note: noteOf(leaves), index, leaf: leaves[index] ?? NOTHING, path });
}

function withheld(): Uint8Array {
  const missing = { note: world(2).note(), from: 2, to: 40 };
  const says = (name: string) => stateWithheld(memberSign(name), chain, missing, name, 1_700_000_100);
  return makeWithheld(accuser, missing, [says("ost"), says("west")]);
}

/** Two changes of the members, and a proof that rests on them. */
function sealed(): { readonly chainFile: Uint8Array; readonly proofFile: Uint8Array } {
  const log = world(2);
  const states: SealedState[] = [];
  log.members(setOf(1, ["nord", "ost", "sued"]));
  states.push(log.sealed(["nord", "ost", "sued"]));
  log.members(setOf(2, ["nord", "ost", "sued", "am-see"]));
  states.push(log.sealed(["nord", "ost", "sued"]));
  const { links, target } = chooseTrust(p, chain, founding, [...states, log.sealed(["am-see", "nord", "sued"])]);
  const leaf = log.leaves[1] ?? NOTHING;
  const path = inclusionPath(p, naiveReader(log.leaves), 1, log.size);
  const seal = { genesis: genesisHash(p, genesis), links, target, key: undefined };
  const proofFile = encodeProofFile({ leaf, index: 1, size: log.size, path, authorship: null, seal });
  return { chainFile: encodeChain(states.slice(0, 1)), proofFile };
}

/** As they stand in the vectors: base64. */
export function evidenceCases() {
  const files = { fork, "bad-block": badBlock, "broken-promise": brokenPromise, "back-dated": backDated, withheld };
  const { chainFile, proofFile } = sealed();
  return {
    source: "Made by packages/ledger/test/evidence-cases.ts from constant seeds; files are base64.",
    genesis: toHex(genesisHash(p, genesis)),
    evidence: Object.fromEntries(Object.entries(files).map(([kind, make]) => [kind, toBase64(make())])),
    promise: toBase64(promise),
    trustChain: toBase64(chainFile),
    proof: toBase64(proofFile),
  };
}
