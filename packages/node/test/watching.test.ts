import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract, PROPOSE_KIND, proposeBody, VOTE_KIND, voteBody } from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { catchUp, openOrFound, openReader, type Replica } from "@anamnesis/embedded";
import {
  actingKey,
  checkEvidence,
  decodeTestimonies,
  encodeTestimonies,
  foundingSet,
  type LogPromise,
  type SignedTransaction,
  signPromise,
  stateWithheld,
} from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Dating } from "../src/follower/dating.ts";
import { PromiseStore } from "../src/follower/promise-store.ts";
import { PromisesReceived } from "../src/follower/promises-received.ts";
import { Withholding } from "../src/follower/withholding.ts";
import { primitives as p } from "../src/index.ts";
import { Consortium, LOG_SEED } from "./consortium.ts";

const FOUNDERS = ["nord", "ost", "sued", "west"];
const NOTHING = new Uint8Array(0);

describe("a follower's watch", () => {
  let world: Consortium;
  let replica: Replica;
  let follow: () => Promise<void>;
  let closing: () => Promise<void>;
  beforeEach(async () => {
    world = new Consortium(FOUNDERS);
    await world.open();
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-watching-"));
    const reader = await openReader({ dir: join(world.root, "ledger"), primitives: p });
    const log = {
      checkpoint: () => reader.checkpoint(),
      tile: (path: string) => reader.tile(path),
      notes: async (sequence: number) => reader.notes(sequence, 256),
    };
    replica = await openOrFound({ dir: join(dir, "replica"), genesis: world.genesis, primitives: p, contract }, log);
    const { signal } = new AbortController();
    follow = async () => void (await catchUp(replica, log, { primitives: p, signal }));
    closing = async () => {
      replica.close();
      await reader.close();
      await world.close();
      rmSync(dir, { recursive: true });
    };
  });
  afterEach(async () => {
    vi.useRealTimers();
    await closing();
  });
  const ground = () => ({ genesis: world.genesis, links: () => [], members: () => foundingSet(world.genesis) });
  const kindOf = (evidence: Uint8Array | undefined) => checkEvidence(p, contract, evidence ?? NOTHING).finding.kind;

  describe("over promises", () => {
    let store: PromiseStore;
    let received: PromisesReceived;
    beforeEach(async () => {
      store = new PromiseStore(join(world.root, "promises.db"));
      received = new PromisesReceived({ ...ground(), replica, store });
      await world.submit("nord", PROPOSE_KIND, proposeBody({ type: "suspend", id: orgId("west") }));
    });
    afterEach(() => store.close());
    const vote = () => world.signed("ost", VOTE_KIND, voteBody(0, true));
    const promised = (tx: SignedTransaction, change: Partial<LogPromise> = {}, seed = LOG_SEED) => {
      const { nonce } = tx.transaction;
      const body = { chain: world.genesis.chain, transaction: tx.id, keyId: actingKey(tx.signatures), nonce };
      const times = { acceptedMs: world.timeMs, byMs: world.timeMs + 500 };
      return signPromise(p.ed25519Signer(seed), { ...body, ...times, ...change });
    };

    it("convicts of one that the log has passed without keeping it, once, and not before", async () => {
      const tx = vote();
      received.receive(promised(tx), tx);
      await follow();
      expect(await received.due()).toEqual([]);
      await world.event("nord");
      await follow();
      const [found, ...more] = await received.due();
      expect([kindOf(found?.evidence), more, await received.due()]).toEqual(["broken-promise", [], []]);
    });

    it("convicts of the nonce behind the last one, and not at the promised millisecond itself", async () => {
      await world.event("ost");
      const tx = vote();
      received.receive(promised(tx, { byMs: world.timeMs + 1000 }), tx);
      await world.event("nord");
      await follow();
      expect([await received.due(), store.due().length]).toEqual([[], 1]);
      await world.event("sued");
      await follow();
      expect((await received.due()).map(({ evidence }) => kindOf(evidence))).toEqual(["broken-promise"]);
    });

    it("survives a restart", async () => {
      const tx = vote();
      received.receive(promised(tx), tx);
      store.close();
      store = new PromiseStore(join(world.root, "promises.db"));
      await world.event("nord");
      await follow();
      expect(await new PromisesReceived({ ...ground(), replica, store }).due()).toHaveLength(1);
    });

    it("forgets one that was kept", async () => {
      const tx = vote();
      received.receive(promised(tx), tx);
      await world.engine.submit(tx);
      await world.event("nord");
      await follow();
      expect([await received.due(), store.due()]).toEqual([[], []]);
    });

    it("minds nothing that is no promise of this log about this transaction", () => {
      const [tx, other] = [vote(), vote()];
      received.receive(promised(tx, {}, new Uint8Array(32).fill(1)), tx);
      received.receive(promised(other), tx);
      received.receive(promised(tx, { transaction: other.id }), tx);
      received.receive(promised(tx, { nonce: 99 }), tx);
      received.receive(promised(tx, { keyId: new Uint8Array(16) }), tx);
      received.receive(Uint8Array.of(1, 2), tx);
      expect(store.due()).toEqual([]);
    });
  });

  describe("over dates", () => {
    const at = (seconds: number) => Math.floor(world.timeMs / 1000) + seconds;
    const dating = () => new Dating({ ...ground(), replica: () => replica });

    it("convicts a block that is older than a quorum's cosignatures allow, behind the very checkpoint", async () => {
      const watch = dating();
      await world.event("nord");
      watch.learn(await world.note(["nord", "ost", "sued"], {}, at(3600)));
      await follow();
      expect(await watch.due()).toBeUndefined();
      await world.event("ost");
      await world.event("sued");
      await follow();
      expect(kindOf((await watch.due())?.evidence)).toBe("back-dated");
      expect(await watch.due()).toBeUndefined();
    });

    it("is not blinded by a minority that cosigned the same checkpoint with a later time", async () => {
      const watch = dating();
      await world.event("nord");
      watch.learn(await world.note(["nord", "ost"], {}, at(7200)));
      watch.learn(await world.note(["nord", "ost", "sued"], {}, at(3600)));
      await world.event("ost");
      await follow();
      expect(kindOf((await watch.due())?.evidence)).toBe("back-dated");
    });

    it("accuses nobody within the tolerance, for a minority's cosignatures, or for a stranger's note", async () => {
      const watch = dating();
      await world.event("nord");
      watch.learn(await world.note(["nord", "ost"], {}, at(3600)));
      watch.learn("no note at all");
      await world.event("ost");
      watch.learn(await world.note(["nord", "ost", "sued"], {}, at(299)));
      await world.event("sued");
      await follow();
      expect(await watch.due()).toBeUndefined();
    });
  });

  describe("over withheld leaves", () => {
    const seconds = () => Math.floor(Date.now() / 1000);
    const watchOf = (organisation: string, others: () => readonly Uint8Array[]) =>
      new Withholding({
        ...{ ...ground(), replica, organisation, seed: world.cosignSeed(organisation), patienceMs: 5000 },
        others: async () => others(),
      });

    it("states after its patience what it misses, and files what more than a third state", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const said: Uint8Array[] = [];
      const [ost, sued] = [watchOf("ost", () => said), watchOf("sued", () => said)];
      await world.event("nord");
      const { note } = await world.engine.checkpoint();
      for (const each of [ost, sued]) each.heard(note);
      vi.advanceTimersByTime(4999);
      expect([await ost.due(), ost.testimonies]).toEqual([undefined, undefined]);
      vi.advanceTimersByTime(1);
      expect(await ost.due()).toBeUndefined();
      said.push(ost.testimonies ?? NOTHING);
      const found = await sued.due();
      expect(kindOf(found?.evidence)).toBe("withheld");
      expect(await sued.due()).toBeUndefined();
    });

    it("takes everything back when the leaves come", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const ost = watchOf("ost", () => []);
      await world.event("nord");
      ost.heard((await world.engine.checkpoint()).note);
      vi.advanceTimersByTime(6000);
      await ost.due();
      expect(decodeTestimonies(ost.testimonies ?? NOTHING)).toHaveLength(1);
      await follow();
      expect([ost.testimonies, await ost.due()]).toEqual([undefined, undefined]);
    });

    it("says the same as others where that is true here, so that statements meet", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      await world.event("nord");
      const { note, size } = await world.engine.checkpoint();
      const missing = { note, from: size - 1, to: size };
      const sign = p.ed25519Signer(world.cosignSeed("sued"));
      const statement = stateWithheld(sign, world.genesis.chain, missing, "sued", seconds());
      const ost = watchOf("ost", () => [encodeTestimonies([{ missing, statement }])]);
      ost.heard(note);
      vi.advanceTimersByTime(6000);
      expect(kindOf((await ost.due())?.evidence)).toBe("withheld");
      expect(decodeTestimonies(ost.testimonies ?? NOTHING).map((each) => each.missing.from)).toEqual([
        replica.newest.size,
        size - 1,
      ]);
    });

    it("counts a member once, and its true statement also beside a forged one", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      await world.event("nord");
      const { note, size } = await world.engine.checkpoint();
      const missing = { note, from: replica.newest.size, to: size };
      const sign = p.ed25519Signer(world.cosignSeed("sued"));
      const at = (time: number) => stateWithheld(sign, world.genesis.chain, missing, "sued", time);
      const forged = { ...at(seconds()), signature: new Uint8Array(64) };
      const said = [at(seconds()), at(seconds() + 1), forged].map((statement) => ({ missing, statement }));
      const ost = watchOf("ost", () => [encodeTestimonies(said)]);
      ost.heard(note);
      vi.advanceTimersByTime(6000);
      expect(kindOf((await ost.due())?.evidence)).toBe("withheld");
    });

    it("does not count what no member signed, nor what is not missing here", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      await world.event("nord");
      const { note, size } = await world.engine.checkpoint();
      const missing = { note, from: replica.newest.size, to: size };
      const forged = { organisation: "sued", time: seconds(), signature: new Uint8Array(64) };
      const stranger = { ...forged, organisation: "fremd" };
      const here = { ...missing, from: 0 };
      const sign = p.ed25519Signer(world.cosignSeed("west"));
      const about = stateWithheld(sign, world.genesis.chain, here, "west", seconds());
      const said = [
        encodeTestimonies([
          { missing, statement: forged },
          { missing, statement: stranger },
          { missing: here, statement: about },
        ]),
        Uint8Array.of(7),
      ];
      const ost = watchOf("ost", () => said);
      ost.heard(note);
      vi.advanceTimersByTime(6000);
      expect(await ost.due()).toBeUndefined();
      expect(decodeTestimonies(ost.testimonies ?? NOTHING)).toHaveLength(1);
    });
  });
});
