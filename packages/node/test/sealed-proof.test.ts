/**
 * A reader who has the founding document and one file: after ten changes of the members, one of them hostile. The log is
 * that of the real engine and the real contract; only who cosigns what is played.
 */
import { contract, LEAVE_KIND, leaveBody, PROPOSE_KIND, proposeBody } from "@anamnesis/contracts";
import { codeOf, orgId, toHex } from "@anamnesis/core";
import {
  blockLeaf,
  cosigner,
  cosignerName,
  decodeProofFile,
  EMPTY_STATE,
  encodeMemberSet,
  encodeProofFile,
  formatCheckpoint,
  formatNote,
  leafHash,
  logOrigin,
  MEMBER_SET,
  makeTrust,
  memberKeyPath,
  noteSigner,
  proveState,
  type SealedState,
  type Trust,
  updateState,
} from "@anamnesis/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkProofFile, primitives as p, proveEvent } from "../src/index.ts";
import { Consortium, cosignKey, LOG_SEED } from "./consortium.ts";

const world = new Consortium(["nord", "ost", "sued", "west"]);
const notes: string[] = [];
let first = 0;
let latecomer = 0;
let trust: Trust;
let refusedVote: string | undefined;

/** After each change the members of the set before it, as far as they are willing, cosign where it led. */
const sealedBy = async (cosigners: readonly string[]) => void notes.push(await world.note(cosigners));

beforeAll(async () => {
  await world.open();
  first = await world.event("nord");
  await world.join("am-see", ["nord", "ost", "sued"]);
  await sealedBy(["nord", "ost", "sued"]);
  await world.rotate("west");
  await sealedBy(["nord", "ost", "sued", "am-see"]);
  await world.carry({ type: "suspend", id: orgId("west") }, ["nord", "ost", "sued"]);
  await sealedBy(["nord", "ost", "sued", "am-see"]);
  const coup = { type: "suspend", id: orgId("nord") } as const;
  refusedVote = codeOf(await world.submit("west", PROPOSE_KIND, proposeBody(coup)).catch((error: unknown) => error));
  await world.submit("sued", LEAVE_KIND, leaveBody);
  await sealedBy(["nord", "ost", "am-see"]);
  await world.join("im-tal", ["nord", "ost"]);
  await sealedBy(["nord", "ost", "am-see"]);
  latecomer = await world.event("im-tal");
  await world.carry({ type: "reinstate", id: orgId("west") }, ["nord", "ost", "am-see"]);
  await sealedBy(["nord", "ost", "am-see", "im-tal"]);
  await world.rotate("nord");
  await sealedBy(["ost", "am-see", "im-tal", "west"]);
  await world.carry({ type: "remove", id: orgId("west") }, ["nord", "ost", "am-see"]);
  await sealedBy(["nord", "ost", "am-see", "im-tal"]);
  await world.recover("nord", ["ost", "am-see"]);
  await sealedBy(["ost", "am-see", "im-tal"]);
  await world.rotate("ost");
  await sealedBy(["nord", "am-see", "im-tal"]);
  trust = await makeTrust(p, contract, world.engine, notes);
}, 60_000);

afterAll(() => world.close());

const check = (file: Uint8Array, genesis = world.genesis) => checkProofFile({ file, genesis });
const sealCheck = async (file: Uint8Array, genesis = world.genesis) => {
  const { holds, seal, checks } = await check(file, genesis);
  return { holds, seal, why: checks.find(({ name }) => name === "seal")?.why };
};

describe("a proof after ten changes of the members", () => {
  it("is decided with genesis alone: sealed by 3 of 4, epoch 10", async () => {
    expect((await world.set()).members.map(({ id }) => id)).toEqual(["am-see", "im-tal", "nord", "ost"]);
    const { file } = await proveEvent(world.engine, first, trust);
    const verdict = await check(file);
    expect(verdict).toMatchObject({ holds: true, complete: true, author: "nord" });
    expect(verdict.seal).toEqual({ epoch: 10, cosigned: 3, of: 4 });
  });

  it("names the author also when its key came after the foundation", async () => {
    const { file } = await proveEvent(world.engine, latecomer, trust);
    expect(await check(file)).toMatchObject({ holds: true, complete: true, author: "im-tal" });
  });

  it("leaves open whose a later key is when it brings no seal, and holds otherwise", async () => {
    const { file, checkpoint } = await proveEvent(world.engine, latecomer);
    const verdict = await checkProofFile({ file, checkpoint, genesis: world.genesis });
    expect(verdict).toMatchObject({ holds: true, complete: false, author: null });
    expect(verdict.checks.at(-1)).toEqual({ name: "authorship", result: "not-made", why: "later-key" });
    const sealed = decodeProofFile((await proveEvent(world.engine, latecomer, trust)).file);
    const { seal } = sealed;
    const keyless = encodeProofFile({ ...sealed, seal: seal && { ...seal, key: undefined } });
    const { holds, checks } = await check(keyless);
    expect(holds).toBe(false);
    expect(checks.at(-1)).toEqual({ name: "authorship", result: "failed", why: "ledger/unknown-key" });
  });

  it("needs no more links than the members' overlap demands", () => {
    expect(trust.set.epoch).toBe(10);
    expect(trust.links.length).toBeLessThan(10);
  });

  it("says nothing to a reader with another founding document, and says so to one without any", async () => {
    const { file } = await proveEvent(world.engine, first, trust);
    const other = new Consortium(["nord", "ost", "sued", "fremd"]);
    expect(await sealCheck(file, other.genesis)).toMatchObject({ holds: false, seal: null, why: "ledger/wrong-chain" });
    const verdict = await checkProofFile({ file });
    expect(verdict).toMatchObject({ holds: true, complete: false, seal: null });
    expect(verdict.checks).toContainEqual({ name: "seal", result: "not-made", why: "no-genesis" });
    await other.close();
  });
});

describe("a hostile change of the members", () => {
  const names = ["fremd", "liar", "west"];
  const name = (id: string) => cosignerName(world.genesis.chain, orgId(id));
  /** A log of one leaf whose state names the liars, signed with the log's own key and by whoever helps them. */
  function coup(epoch: number, helpers: readonly { readonly id: string; readonly seed: Uint8Array }[]): SealedState {
    const members = names.map((id) => ({ id: orgId(id), cosigner: cosignKey(id).publicKey }));
    const value = encodeMemberSet({ epoch, logKey: world.genesis.logKey, members });
    const nodes = new Map<string, Uint8Array>();
    const store = {
      get: (path: Uint8Array) => nodes.get(toHex(path)),
      put: (path: Uint8Array, node: Uint8Array) => void nodes.set(toHex(path), node),
      delete: (path: Uint8Array) => void nodes.delete(toHex(path)),
    };
    const root = updateState(p, store, EMPTY_STATE, new Map([[MEMBER_SET, value]]));
    const leaf = blockLeaf(99, world.timeMs, root);
    const origin = logOrigin(world.genesis.chain);
    const text = formatCheckpoint({ origin, size: 1, root: leafHash(p, leaf) });
    const signers = [
      noteSigner(p, origin, LOG_SEED).sign(text),
      ...helpers.map(({ id, seed }) => cosigner(p, name(id), seed).cosign(text, world.timeMs / 1000)),
    ];
    const proof = proveState(p, store, root, MEMBER_SET);
    return { note: formatNote(text, signers), members: { value, proof, blockLeaf: leaf, path: [] } };
  }
  const seedOf = (id: string) => p.sha256(new TextEncoder().encode(`sealed proof: ${id} cosigns`));
  const liars = names.map((id) => ({ id, seed: seedOf(id) }));
  const forgedWith = async (links: readonly SealedState[], target: SealedState) => {
    const { file } = await proveEvent(world.engine, first, trust);
    const proof = decodeProofFile(file);
    return encodeProofFile({
      ...proof,
      seal: { genesis: p.sha256(new Uint8Array(0)), ...proof.seal, key: undefined, links, target },
    });
  };

  it("is refused at the door: a suspended member's keys sign nothing", () => {
    expect(refusedVote).toBe("ledger/key-suspended");
  });

  it("convinces nobody, however many strangers, old keys and the log's own key seal it", async () => {
    const file = await forgedWith([coup(11, liars)], coup(11, liars));
    expect(await sealCheck(file)).toMatchObject({ holds: false, seal: null, why: "ledger/not-sealed" });
    const late = await forgedWith([...trust.links, coup(11, liars)], coup(11, liars));
    expect(await sealCheck(late)).toMatchObject({ holds: false, seal: null, why: "ledger/not-sealed" });
  });

  it("is refused when the removed member seals the true log with its old keys in place of the others", async () => {
    const note = await world.note(["im-tal", "am-see", "west"]);
    const file = await forgedWith(trust.links, { ...trust.target, note });
    expect(await sealCheck(file)).toMatchObject({ holds: false, why: "ledger/not-sealed" });
    const stale = await world.note(["im-tal", "am-see", "ost"], { ost: seedOf("somebody else") });
    expect(await sealCheck(await forgedWith(trust.links, { ...trust.target, note: stale }))).toMatchObject({
      holds: false,
      why: "ledger/not-sealed",
    });
  });

  it("does not disturb who makes the chain: notes of the coup lead nowhere", async () => {
    const disturbed = await makeTrust(p, contract, world.engine, [coup(11, liars).note, ...notes]);
    expect(disturbed.set.epoch).toBe(10);
    const alone = makeTrust(p, contract, world.engine, [coup(11, liars).note]);
    await expect(alone).rejects.toMatchObject({ code: "ledger/not-sealed" });
  });

  it("is refused when it leaves out the change that it does not like", async () => {
    const file = await forgedWith(trust.links.slice(0, -1), trust.target);
    expect((await sealCheck(file)).why).toMatch(/^ledger\/(?:not-sealed|broken-chain)$/);
    expect((await world.engine.read(memberKeyPath("00"))).value).toBeUndefined();
  });
});
