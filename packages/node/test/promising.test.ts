import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROPOSE_KIND, proposeBody, VOTE_KIND, voteBody } from "@anamnesis/contracts";
import { asUint, codeOf, decode, orgId, toHex } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { type LedgerReader, openReader } from "@anamnesis/embedded";
import {
  actingKey,
  DEFAULT_POLICY,
  decodeLeaf,
  decodePromise,
  decodeSigned,
  type Engine,
  encodeSigned,
  ledgerError,
  noncePath,
  promisedBy,
  REFUSE_KIND,
  type SignedTransaction,
  signTransaction,
} from "@anamnesis/ledger";
import { founderSigner } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PromiseStore } from "../src/follower/promise-store.ts";
import { Promiser } from "../src/follower/promising.ts";
import { initFolder, openEngine, openFolder, primitives as p } from "../src/index.ts";
import { Consortium, LOG_SEED } from "./consortium.ts";

const NOTHING = new Uint8Array(0);

describe("a promise before the work", () => {
  let world: Consortium;
  let log: LedgerReader;
  let store: PromiseStore;
  beforeEach(async () => {
    world = new Consortium(["nord", "ost", "sued", "west"]);
    await world.open();
    log = await openReader({ dir: join(world.root, "ledger"), primitives: p });
    store = new PromiseStore(join(world.root, "promises.db"));
    await world.submit("nord", PROPOSE_KIND, proposeBody({ type: "suspend", id: orgId("ost") }));
  });
  afterEach(async () => {
    store.close();
    await log.close();
    await world.close();
  });

  const promiser = (submit: Engine["submit"] = (tx) => world.engine.submit(tx)) =>
    new Promiser({
      ...{ chain: world.genesis.chain, engine: { submit }, log, store },
      ...{ logSeed: LOG_SEED, signer: signerFromSeed(p, "INTL-1", new Uint8Array(32).fill(7)), clock },
    });
  const clock = { now: () => world.timeMs };
  const vote = () => world.signed("west", VOTE_KIND, voteBody(0, true));
  const nonceOf = async (tx: SignedTransaction): Promise<number> => {
    const { value } = await world.engine.read(noncePath(toHex(actingKey(tx.signatures))));
    return value === undefined ? 0 : asUint(decode(value, "nonce"), "nonce");
  };

  it("is signed by the log's key, names transaction, key and nonce, and is kept when the transaction is final", async () => {
    const orderer = promiser();
    const tx = vote();
    const given = orderer.accept(tx);
    const signed = decodePromise(given?.promise ?? NOTHING);
    expect(promisedBy(p, p.ed25519PublicKey(LOG_SEED), signed)).toBe(true);
    const { nonce } = tx.transaction;
    expect(signed.promise).toMatchObject({ transaction: tx.id, keyId: actingKey(tx.signatures), nonce });
    world.timeMs += 1000;
    expect(orderer.accept(tx)).toEqual(given);
    expect(store.due()).toHaveLength(1);
    expect(await orderer.keep(tx)).toMatchObject({ id: tx.id });
    expect([await nonceOf(tx), store.due()]).toEqual([nonce, []]);
  });

  it("is not given for what would be refused as the ledger stands, would expire, or brings attachments", async () => {
    const orderer = promiser();
    expect(orderer.accept(world.signed("west", VOTE_KIND, voteBody(7, true)))).toBeUndefined();
    const late = { ...vote().transaction, expires: Math.floor(world.timeMs / 1000) + 3 };
    expect(orderer.accept(signTransaction(p, late, [founderSigner(p, "west")]))).toBeUndefined();
    expect(orderer.accept({ ...vote(), attachments: [NOTHING] })).toBeUndefined();
    expect(store.due()).toEqual([]);
  });

  it("ends before the transaction expires: what is late cannot be refused in the log any more", () => {
    const expires = Math.floor(world.timeMs / 1000) + 30;
    const tx = signTransaction(p, { ...vote().transaction, expires }, [founderSigner(p, "west")]);
    expect(promiser().accept(tx)?.byMs).toBe(expires * 1000 - 1);
  });

  it("is not given when it cannot be written down", () => {
    const add = vi.spyOn(store, "add").mockReturnValue(false);
    expect(promiser().accept(vote())).toBeUndefined();
    add.mockImplementation(() => {
      throw new Error("database or disk is full");
    });
    expect(promiser().accept(vote())).toBeUndefined();
  });

  it("is kept by a refusal in the log where something came in between", async () => {
    const tx = vote();
    expect(promiserOf("sued").accept(tx)).toBeDefined();
    await world.carry({ type: "suspend", id: orgId("west") }, ["nord", "ost"]);
    const orderer = promiserOf("sued");
    expect(codeOf(await orderer.keep(tx).catch((error: unknown) => error))).toBe("ledger/key-suspended");
    expect([await nonceOf(tx), store.due()]).toEqual([tx.transaction.nonce, []]);
  });

  /** One that signs its refusals with a member's key. */
  function promiserOf(id: string): Promiser {
    return new Promiser({
      ...{ chain: world.genesis.chain, engine: world.engine, log, store, logSeed: LOG_SEED, clock },
      signer: founderSigner(p, id),
    });
  }

  it("is kept by executing after all what would be executed when the refusal comes to the log", async () => {
    const tx = vote();
    const kinds: string[] = [];
    const orderer = promiser(async (each) => {
      kinds.push(each.transaction.kind);
      if (kinds.length === 1) throw ledgerError("ledger/unknown-kind", "a refusal that passes by itself");
      return world.engine.submit(each);
    });
    expect(orderer.accept(tx)).toBeDefined();
    expect(await orderer.keep(tx)).toMatchObject({ id: tx.id });
    expect(kinds).toEqual([VOTE_KIND, REFUSE_KIND, VOTE_KIND]);
  });

  it("waits while the queue is full, and stays open when the engine ends", async () => {
    const tx = vote();
    let tries = 0;
    const orderer = promiser(async () => {
      tries++;
      throw ledgerError(tries < 3 ? "ledger/busy" : "ledger/closed", "not now");
    });
    expect(orderer.accept(tx)).toBeDefined();
    expect(codeOf(await orderer.keep(tx).catch((error: unknown) => error))).toBe("ledger/closed");
    expect(tries).toBe(3);
    expect(store.due().map(({ transaction }) => decodeSigned(p, transaction).id)).toEqual([tx.id]);
  });
});

describe("a promise that a crash left open", () => {
  it("is kept before anything else is ordered, in blocks that bear a time before it", async () => {
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-promise-"));
    await initFolder({ dir, organisation: "Hospital Nord", port: 0 });
    const folder = openFolder(dir);
    const { layout, config, genesis } = folder;
    const seed = Uint8Array.from(Buffer.from(readFileSync(layout.orgKey, "utf8").trim(), "hex"));
    const signer = signerFromSeed(p, "INTL-1", seed);
    const frame = { chain: config.chain, kind: PROPOSE_KIND, nonce: 5, expires: 4_000_000_000 };
    const body = proposeBody({
      type: "policy",
      policy: { ...DEFAULT_POLICY, proposalMs: DEFAULT_POLICY.proposalMs + 1000 },
    });
    const tx = signTransaction(p, { ...frame, body }, [signer]);
    const store = new PromiseStore(layout.promises);
    const byMs = genesis.time + 1;
    const bad = signTransaction(
      p,
      { ...frame, nonce: 6, body: proposeBody({ type: "suspend", id: orgId("nobody") }) },
      [signer],
    );
    for (const each of [tx, bad]) store.add({ id: each.id, byMs, promise: NOTHING, transaction: encodeSigned(each) });
    store.close();
    const engine = await openEngine(folder);
    const { value, blockLeaf } = await engine.read(noncePath(toHex(signer.keyId)));
    expect(asUint(decode(value ?? NOTHING, "nonce"), "nonce")).toBeGreaterThanOrEqual(6);
    const newest = decodeLeaf(blockLeaf);
    expect(newest.type === "block" ? newest.time : Number.NaN).toBeLessThanOrEqual(byMs);
    expect(await engine.receipt(tx.id)).toBeDefined();
    const after = new PromiseStore(layout.promises);
    expect(after.due()).toEqual([]);
    after.close();
    await engine.close();
    rmSync(dir, { recursive: true });
  });
});
