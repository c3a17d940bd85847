import { utf8 } from "@anamnesis/core";
import { expect, it } from "vitest";
import { MemoryWitnessStore, TestClock, TestLog, witnessConformance } from "../conformance/index.ts";
import {
  cosigner,
  formatAddCheckpoint,
  handleAddCheckpoint,
  openNote,
  parseAddCheckpoint,
  parseVerifierKey,
} from "../src/index.ts";
import { p, vectors } from "./support.ts";

witnessConformance("in memory", p, (options) => {
  const store = new MemoryWitnessStore();
  return Promise.resolve({
    answer: (body) => handleAddCheckpoint({ ...options, store }, body),
    restart: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  });
});

const log = new TestLog(p).grow(20);
const deps = () => ({
  primitives: p,
  clock: new TestClock(),
  cosigner: cosigner(p, "witness", new Uint8Array(32).fill(5)),
  logKeys: () => [log.verifier],
  store: new MemoryWitnessStore(),
});
const request = (old: number, size: number) =>
  utf8(formatAddCheckpoint({ old, proof: log.proof(old, size), note: log.note(size) }));

it("reads the example request of C2SP tlog-witness", () => {
  const body = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;
  const parsed = parseAddCheckpoint(body);
  expect(parsed).toMatchObject({
    old: 20852014,
    checkpoint: { origin: "example.com/behind-the-sofa", size: 20852163 },
  });
  expect(parsed.proof.length).toBe(4);
  expect(formatAddCheckpoint(parsed)).toBe(body);
});

it("puts the cosigned note into the store before it answers, with the signatures it knows", async () => {
  const { store, ...rest } = deps();
  let answered = false;
  const late = {
    latest: (origin: string) => store.latest(origin),
    replace: async (...args: Parameters<typeof store.replace>) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(answered).toBe(false);
      return store.replace(...args);
    },
  };
  const reply = await handleAddCheckpoint({ ...rest, store: late }, request(0, 7));
  answered = true;
  const kept = await store.latest(log.origin);
  expect(kept).toMatchObject({ size: 7, root: log.root(7) });
  expect(kept?.note).toBe(log.note(7) + reply.body);
  expect(openNote(p, kept?.note ?? "", [log.verifier]).unverified).toBe(1);
});

it("cosigns nothing when the store fails", async () => {
  const store = { latest: () => Promise.resolve(undefined), replace: () => Promise.reject(new Error("disk")) };
  await expect(handleAddCheckpoint({ ...deps(), store }, request(0, 7))).rejects.toThrow("disk");
});

it("asks a follower whether it has replayed this tree, after everything else holds", async () => {
  const common = deps();
  const asked: number[] = [];
  const vouching = (say: "yes" | "wait" | "no") => ({
    ...common,
    vouches: ({ size }: { readonly size: number }) => {
      asked.push(size);
      return Promise.resolve(say);
    },
  });
  expect((await handleAddCheckpoint(vouching("wait"), request(0, 7))).status).toBe(503);
  expect((await handleAddCheckpoint(vouching("no"), request(0, 7))).status).toBe(422);
  expect(await common.store.latest(log.origin)).toBeUndefined();
  expect((await handleAddCheckpoint(vouching("yes"), request(0, 7))).status).toBe(200);
  expect((await handleAddCheckpoint(vouching("yes"), request(3, 8))).status).toBe(409);
  expect(asked).toEqual([7, 7, 7]);
});

it("answers a log written with other code as tlog-witness demands", async () => {
  const { logKey, requests } = vectors<{ logKey: string; requests: { body: string; status: number }[] }>("witness");
  const common = { ...deps(), logKeys: () => [parseVerifierKey(p, logKey)] };
  for (const { body, status } of requests) {
    expect((await handleAddCheckpoint(common, utf8(body))).status).toBe(status);
  }
});
