import type { Change, TableSchema } from "@anamnesis/capture";
import { contractOf, MODULES } from "@anamnesis/contracts";
import { codeOf, orgId, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { signTransaction } from "@anamnesis/ledger";
import { founded, founderSigner, TestClock } from "@anamnesis/ledger/conformance";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CustodyCommand } from "../src/commands.ts";
import { parseCommand } from "../src/commands.ts";
import { commandFor, sampleHandle } from "../src/mapping.ts";
import { bodyOf, custody } from "../src/module.ts";
import { decodeSample, samplePath } from "../src/state.ts";
import { ENGINES, type Running } from "./engines.ts";

const logSeed = new Uint8Array(32).fill(4);
const genesis = founded(native, {
  chain: "laboratories",
  organisations: ["lab-nord", "lab-sued"],
  logKey: native.ed25519PublicKey(logSeed),
});
const contract = contractOf([...MODULES, custody]);
const key = new Uint8Array(32).fill(5);
const map = { key, sites: { S1: "lab-nord", S2: "lab-sued" } };
const handle = (barcode: string) => sampleHandle(native, key, barcode);

describe.each(ENGINES)("custody on %s", (_, start) => {
  const clock = new TestClock();
  let running: Running;
  let nonce = 0;
  beforeAll(async () => {
    running = await start({ genesis, contract, logSeed, clock });
  });
  afterAll(() => running.close());

  /** Submits and gives the refusal's code, if it is refused. */
  async function submit(command: CustodyCommand, ...by: string[]): Promise<string | undefined> {
    const { kind, body } = bodyOf(command);
    const transaction = { chain: genesis.chain, kind, nonce: ++nonce, expires: 4_000_000_000, body };
    const signers = by.map((id) => founderSigner(native, id));
    return running.engine.submit(signTransaction(native, transaction, signers)).then(() => undefined, codeOf);
  }

  const sampleAt = async (barcode: string) => {
    const { value } = await (await running.outcome()).read(samplePath(handle(barcode)));
    return value === undefined ? undefined : decodeSample(value);
  };

  it("follows a sample from hand to hand, each hand-over signed by both", async () => {
    const sample = handle("B-1");
    expect(await submit({ kind: "register", sample, material: "serum" }, "lab-nord")).toBeUndefined();
    expect(await sampleAt("B-1")).toMatchObject({ holder: "lab-nord", material: "serum", outcome: null, moves: 0 });
    const over: CustodyCommand = { kind: "transfer", sample, to: orgId("lab-sued") };
    expect(await submit(over, "lab-nord")).toBe("custody/other-side-missing");
    expect(await submit(over, "lab-sued")).toBe("custody/not-the-holder");
    expect(await submit(over, "lab-nord", "lab-sued")).toBeUndefined();
    expect(await sampleAt("B-1")).toMatchObject({ holder: "lab-sued", moves: 1 });
  });

  it("splits a sample into parts that know where they come from", async () => {
    const parts = [handle("B-1/1"), handle("B-1/2")];
    expect(await submit({ kind: "split", sample: handle("B-1"), parts }, "lab-sued")).toBeUndefined();
    expect(await sampleAt("B-1")).toMatchObject({ outcome: "split" });
    expect(await sampleAt("B-1/2")).toMatchObject({ holder: "lab-sued", parent: handle("B-1") });
  });

  it("says no with a code, and leaves nothing behind", async () => {
    const known: CustodyCommand = { kind: "register", sample: handle("B-1"), material: "serum" };
    expect(await submit(known, "lab-nord")).toBe("custody/known-sample");
    expect(await submit({ kind: "close", sample: handle("B-9"), outcome: "used" }, "lab-nord")).toBe(
      "custody/unknown-sample",
    );
    expect(await submit({ kind: "close", sample: handle("B-1"), outcome: "used" }, "lab-sued")).toBe("custody/closed");
    // The second part is known already: the first one must not stay.
    const twice: CustodyCommand = { kind: "split", sample: handle("B-1/1"), parts: [handle("B-7"), handle("B-1/2")] };
    expect(await submit(twice, "lab-sued")).toBe("custody/known-sample");
    expect(await sampleAt("B-7")).toBeUndefined();
    expect(await submit({ kind: "register", sample: new Uint8Array(3), material: "x" }, "lab-nord")).toBe(
      "custody/malformed",
    );
  });
});

describe("the mapping of a laboratory's tables", () => {
  const table = (name: string, ...columns: string[]): TableSchema => ({
    ...{ name: `public.${name}`, handle: new Uint8Array(8), schemaId: new Uint8Array(8), estimate: 0 },
    columns: columns.map((each) => ({ name: each, type: "pg_catalog.text", modifier: -1, large: true })),
    ...{ keyColumns: [0], subjectColumns: [], identity: "full" },
  });
  const row = (...texts: (string | null)[]) => texts.map((text) => (text === null ? null : utf8(text)));
  const samples = table("samples", "barcode", "material", "discarded");
  const handovers = table("handovers", "id", "barcode", "to_site");
  const commandOf = (change: Change) => commandFor(native, map, change);

  it("makes commands of new samples, hand-overs and discarded ones", () => {
    expect(commandOf({ kind: "create", table: samples, after: row("B-1", "serum", null) })).toEqual({
      ...{ kind: "register", sample: handle("B-1"), material: "serum" },
    });
    expect(commandOf({ kind: "create", table: handovers, after: row("1", "B-1", "S2") })).toEqual({
      ...{ kind: "transfer", sample: handle("B-1"), to: "lab-sued" },
    });
    const after = row("B-1", "serum", "destroyed");
    expect(commandOf({ kind: "update", table: samples, before: null, after })).toEqual({
      ...{ kind: "close", sample: handle("B-1"), outcome: "destroyed" },
    });
  });

  it("leaves everything else alone", () => {
    expect(commandOf({ kind: "create", table: table("patients", "id"), after: row("7") })).toBeUndefined();
    expect(commandOf({ kind: "create", table: handovers, after: row("1", "B-1", "S9") })).toBeUndefined();
    expect(
      commandOf({ kind: "update", table: samples, before: null, after: row("B-1", "serum", null) }),
    ).toBeUndefined();
    expect(commandOf({ kind: "delete", table: samples, before: row("B-1", "serum", null) })).toBeUndefined();
  });
});

describe("the commands' form", () => {
  it("property: any other body is refused with a code", () => {
    const kinds = ["register", "transfer", "split", "close"] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 })),
        (kind, body) => {
          expect(() => parseCommand(kind, body)).toThrow(
            expect.objectContaining({ code: expect.stringMatching(/^core\//) as string }),
          );
        },
      ),
    );
    expect(() => parseCommand("split", [handle("a"), [handle("b")]])).toThrow("at least two parts");
  });
});
