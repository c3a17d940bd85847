/**
 * An orderer that lies while it runs. Followers with folders, keys and doors of their own, and a monitor, catch it, each with a file
 * that `proof check` accepts where nothing else is; the same run without a lie leaves none.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { contractOf, MODULES, type Module, PROPOSE_KIND, proposeBody } from "@anamnesis/contracts";
import { type Cbor, fromHex, toHex, utf8 } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { serveWitness } from "@anamnesis/gateway";
import {
  actingKey,
  DEFAULT_POLICY,
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  logOrigin,
  noteSigner,
  type SignedCheckpoint,
  type SignedTransaction,
  signPromise,
  signTransaction,
} from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance";
import { openFolder, openWitness, primitives as p } from "@anamnesis/node";
import { afterEach, describe, expect, it } from "vitest";
import { type Folder, logSeed } from "../../packages/node/src/folder/folder.ts";
import type { Organisation } from "../consortium/harness.ts";
import { type Lies, Trial } from "./liar.ts";

const PATIENCE_MS = 100_000;
const HOUR_MS = 3_600_000;
const FAR_EXPIRY = 4_000_000_000;

/** Commands that only this orderer's rules know. */
const secret: Module = {
  name: "test",
  commands: { "test.put": { check: testContract.check, handle: testContract.handle } },
};

let trial: Trial | undefined;
afterEach(async () => {
  await trial?.close();
  trial = undefined;
});

async function opened(lies: Lies, more: Parameters<typeof Trial.open>[1] = {}): Promise<Trial> {
  trial = await Trial.open(lies, more);
  return trial;
}

/** Again and again until it gives something. */
async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`not in time: ${what}`);
}

const written = (at: Trial, kind: string) => until(`evidence of ${kind}`, () => at.evidence(kind)[0]);

/** All followers hold what the orderer has, and more than two thirds have cosigned it. */
async function settled(at: Trial): Promise<number> {
  const { size } = await at.orderer.engine.checkpoint();
  await until(`${size} leaves everywhere`, async () => {
    const sizes = await Promise.all(at.followers.map(async ({ node }) => (await node.engine.health()).size));
    return sizes.every((each) => each >= size) ? true : undefined;
  });
  await until(`sealed at ${size}`, () =>
    at.followers.every(({ node }) => (node.member.seals()?.sealedSize ?? 0) >= size) ? true : undefined,
  );
  return size;
}

function command(by: Organisation, kind: string, body: Cbor): SignedTransaction {
  const { layout, config } = openFolder(by.dir);
  const signer = signerFromSeed(p, "INTL-1", fromHex(readFileSync(layout.orgKey, "utf8").trim()));
  const frame = { chain: config.chain, kind, nonce: Date.now() * 1000, expires: FAR_EXPIRY, body };
  return signTransaction(p, frame, [signer]);
}

const proposal = (by: Organisation, more = 1000): SignedTransaction =>
  command(
    by,
    PROPOSE_KIND,
    proposeBody({ type: "policy", policy: { ...DEFAULT_POLICY, proposalMs: 86_400_000 + more } }),
  );

/** A note over another tree of the same size: what only the holder of the log's key can make. */
function otherFace(folder: Folder, { size }: Pick<SignedCheckpoint, "size">): string {
  const origin = logOrigin(folder.genesis.chain);
  const text = formatCheckpoint({ origin, size, root: new Uint8Array(32).fill(9) });
  return formatNote(text, [noteSigner(p, origin, logSeed(folder)).sign(text)]);
}

const held = (kind: string) => ({ status: 0, holds: true, kind });

describe("an orderer is caught in the act that", () => {
  it("drops a member's command after promising it", async () => {
    const lies: Lies = {};
    const at = await opened(lies);
    const { folder } = at.consortium.at(0);
    const dropped = proposal(at.consortium.at(1));
    lies.drops = (tx, onPromise) => {
      if (tx.transaction.kind !== PROPOSE_KIND) return undefined;
      const [acceptedMs, keyId, { nonce }] = [Date.now(), actingKey(tx.signatures), tx.transaction];
      const body = { chain: folder.config.chain, transaction: tx.id, keyId, nonce, acceptedMs, byMs: acceptedMs + 200 };
      onPromise(signPromise(p.ed25519Signer(logSeed(folder)), body));
      return new Promise(() => {});
    };
    at.follower(0)
      .node.engine.submit(dropped)
      .catch(() => undefined);
    const file = await until("evidence", async () => {
      await at.event();
      return at.evidence("broken-promise")[0];
    });
    expect(file).toContain(at.consortium.at(1).dir);
    expect(await at.check(file)).toEqual(held("broken-promise"));
  });

  it("dates blocks back behind what its members have cosigned", async () => {
    // Its clock stands at the foundation of the ledger, an hour ago: no block's time runs backwards, and all are wrong.
    const at = await opened({ now: () => 0 }, { foundedMs: HOUR_MS });
    await at.event();
    await settled(at);
    expect(await at.monitor()).toEqual([]);
    await at.event();
    expect(await at.check(await written(at, "back-dated"))).toEqual(held("back-dated"));
    const [seen = ""] = await at.monitor();
    expect(await at.check(seen)).toEqual(held("back-dated"));
  });

  it("shows checkpoints and gives out no leaves", async () => {
    const lies: Lies = {};
    const at = await opened(lies);
    await at.event();
    await settled(at);
    lies.withholds = (path) => path.startsWith("tile/entries/");
    await at.event();
    expect(await at.check(await written(at, "withheld"))).toEqual(held("withheld"));
  });

  it("executes what the rules do not know", async () => {
    const at = await opened({ contract: contractOf([...MODULES, secret]) });
    await at.event();
    await settled(at);
    await at.orderer.engine.submit(command(at.consortium.at(0), "test.put", ["a", new Uint8Array([1])]));
    expect(await at.check(await written(at, "bad-block"))).toEqual(held("bad-block"));
    const [seen = ""] = await at.monitor();
    expect(await at.check(seen)).toEqual(held("bad-block"));
  });

  it("offers a member another tree to cosign than it gives it to execute", async () => {
    const at = await opened({});
    await at.event();
    const size = await settled(at);
    const { folder } = at.consortium.at(0);
    const body = formatAddCheckpoint({ old: 0, proof: [], note: otherFace(folder, { size }) });
    const answer = await fetch(`${at.follower(1).url}/add-checkpoint`, { method: "POST", body });
    expect(answer.status).not.toBe(200);
    const file = await written(at, "fork");
    expect(file).toContain(at.consortium.at(2).dir);
    expect(await at.check(file)).toEqual(held("fork"));
  });

  it("shows the monitor another log than its members", async () => {
    const lies: Lies = {};
    const at = await opened(lies);
    await at.event();
    await settled(at);
    expect(await at.monitor("--peer", at.follower(0).url)).toEqual([]);
    const { folder } = at.consortium.at(0);
    lies.shows = (shown) => ({ ...shown, root: new Uint8Array(32).fill(9), note: otherFace(folder, shown) });
    const [seen = ""] = await at.monitor("--peer", at.follower(0).url);
    expect(await at.check(seen)).toEqual(held("fork"));
    expect(await at.check(await written(at, "fork"))).toEqual(held("fork"));
  });

  it("rewrites what a witness has cosigned: the witness refuses, and what it shows convicts", async () => {
    const lies: Lies = {};
    const at = await opened(lies);
    await at.event();
    const size = await settled(at);
    const { folder } = at.consortium.at(0);
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-witness-"));
    const { verifierKey } = noteSigner(p, logOrigin(folder.genesis.chain), logSeed(folder));
    const witness = openWitness({ dir, name: "witness.example/w1", logs: [verifierKey] });
    const server = await serveWitness({ witness: witness.deps, origins: witness.origins, port: 0 });
    try {
      const offer = async (note: string) => {
        const body = formatAddCheckpoint({ old: 0, proof: [], note });
        return (await fetch(`${server.url}/add-checkpoint`, { method: "POST", body })).status;
      };
      const { note } = await at.orderer.engine.checkpoint();
      expect(await offer(note)).toBe(200);
      const shown = `${server.url}/logs/${toHex(p.sha256(utf8(logOrigin(folder.genesis.chain))))}`;
      expect(await at.monitor("--peer", shown)).toEqual([]);
      lies.shows = (each) => ({ ...each, root: new Uint8Array(32).fill(9), note: otherFace(folder, { size }) });
      expect(await offer(otherFace(folder, { size }))).toBe(409);
      const [seen = ""] = await at.monitor("--peer", shown);
      expect(await at.check(seen)).toEqual(held("fork"));
    } finally {
      await server.stop();
      witness.close();
      rmSync(dir, { recursive: true });
    }
  });
});

describe("an orderer that keeps its word", () => {
  it("is accused of nothing: neither by followers nor by a monitor, whatever they submit", async () => {
    // A slow machine withholds nothing.
    const at = await opened({}, { foundedMs: HOUR_MS, patienceMs: PATIENCE_MS });
    for (let round = 0; round < 3; round++) {
      await at.event(round);
      await at.follower(round).node.engine.submit(proposal(at.consortium.at(round + 1), round));
      await settled(at);
      expect(await at.monitor("--peer", at.follower(round).url)).toEqual([]);
    }
    const repeated = proposal(at.consortium.at(1), 0);
    await at
      .follower(0)
      .node.engine.submit(repeated)
      .catch(() => undefined);
    await settled(at);
    // Longer than any promise that a liar of these tests gave.
    await sleep(1000);
    await at.event();
    await settled(at);
    expect([at.evidence(), await at.monitor()]).toEqual([[], []]);
  });
});
