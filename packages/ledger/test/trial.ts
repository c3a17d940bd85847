/** What the tests of evidence share: an honest log that everybody can have, and the judge. */

import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import {
  type Accuser,
  checkEvidence,
  formatCheckpoint,
  formatNote,
  leafHashes,
  logOrigin,
  treeHash,
} from "../src/index.ts";
import { chain, contract, genesis, signLog, World } from "./consortium.ts";
import { codeThrown, p } from "./support.ts";

export const accuser: Accuser = { primitives: p, genesis, links: [] };
export const check = (bytes: Uint8Array) => checkEvidence(p, contract, bytes);
export const code = (bytes: () => Uint8Array) => codeThrown(() => check(bytes()));
export const NOTHING = new Uint8Array(0);
export const BAD = "ledger/bad-evidence";

/** Of its own: the vectors hold its nonces, whatever other tests of the same process signed before. */
export const fixture = new Fixture(p);

/** What happens, block by block; the state is large enough that a block touches only a part of it. */
export const script = [
  Array.from({ length: 40 }, (_, i) => fixture.command("test.put", `row-${i}`)),
  [fixture.command("test.emit", "row-3", { events: 5 }), fixture.command("test.delete", "row-4")],
  [fixture.command("test.put", "row-5", { value: new Uint8Array([5]) })],
  [fixture.command("test.put", "new")],
  [fixture.command("test.delete", "row-6"), fixture.command("test.emit", "row-7", { events: 2 })],
  [fixture.command("test.put", "row-8")],
];
export const BLOCK_MS = 60_000;

/** The honest log after so many blocks of the script: the same each time it is asked for. */
export function world(blocks: number): World {
  const made = new World();
  for (const [i, transactions] of script.slice(0, blocks).entries()) {
    made.block(transactions, genesis.time + (i + 1) * BLOCK_MS);
  }
  return made;
}

/** A checkpoint of any leaves, as only the holder of the log's key can make it. */
export function noteOf(leaves: readonly Uint8Array[], seed = fixture.logSeed): string {
  const root = treeHash(p, leafHashes(p, leaves));
  const text = formatCheckpoint({ origin: logOrigin(chain), size: leaves.length, root });
  return formatNote(text, [signLog(text, seed)]);
}
