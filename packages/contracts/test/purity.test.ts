/** Contracts are functions: they cannot reach clock, chance, network, process or locale, by what they import and by what they do. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BATCH_KIND,
  type Command,
  contract,
  contractOf,
  LEAVE_KIND,
  leaveBody,
  MODULES,
  PROPOSE_KIND,
  proposeBody,
  ROTATE_COSIGNER_KIND,
  ROTATE_KEYS_KIND,
  rotateCosignerBody,
  rotateKeysBody,
  VOTE_KIND,
  VOUCH_KIND,
  voteBody,
  vouchBody,
  WITHDRAW_KIND,
  withdrawBody,
} from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { executeBlock, type SignedTransaction } from "@anamnesis/ledger";
import { describe, expect, it } from "vitest";
import { outcomes, TestChain } from "./chain.ts";
import { added, keyOf, newcomer, proofOf } from "./newcomer.ts";
import { withoutWorld } from "./trapped.ts";

const FOUR = ["a", "b", "c", "d"];
const handle = new Uint8Array(16).fill(1);

/** Every command of every module at least once, right or wrong. */
function everyCommand(chain: TestChain): SignedTransaction[] {
  const { organisation, proofs } = newcomer("e");
  const cosigner = keyOf("other cosigner");
  const known = [
    chain.sign("a", PROPOSE_KIND, proposeBody({ type: "join", organisation, proofs })),
    ...["b", "c"].map((by) => chain.sign(by, VOTE_KIND, voteBody(0, true))),
    chain.sign("a", PROPOSE_KIND, proposeBody({ type: "suspend", id: orgId("d") })),
    chain.sign("b", ROTATE_KEYS_KIND, rotateKeysBody({ added: [added("b", keyOf("fresh"))], retired: [] })),
    chain.sign("b", ROTATE_COSIGNER_KIND, rotateCosignerBody(cosigner.publicKey, proofOf("b", "cosign", cosigner))),
    chain.sign("c", VOUCH_KIND, vouchBody(handle, ["nurse"])),
    chain.sign("c", WITHDRAW_KIND, withdrawBody(handle)),
    chain.sign("d", LEAVE_KIND, leaveBody),
  ];
  const kinds = MODULES.flatMap(({ commands }) => Object.keys(commands));
  return [...known, ...kinds.map((kind) => chain.sign("a", kind, ["nothing", 1]))];
}

describe("a contract", () => {
  it("does the same in a world without clock, chance, network, process and locale", () => {
    const chain = new TestChain(FOUR);
    const transactions = everyCommand(chain);
    const block = { sequence: 1, time: chain.time, transactions };
    const expected = executeBlock(chain.host, block);
    expect(outcomes(expected).slice(0, 9)).toEqual(Array.from({ length: 9 }, () => "accepted"));
    const found = withoutWorld(() => executeBlock(chain.host, block));
    expect(found).toEqual(expected);
    for (const transaction of transactions) {
      const checked = contract.check(transaction);
      expect(withoutWorld(() => contract.check(transaction))).toEqual(checked);
    }
  });

  const world: readonly [string, () => unknown][] = [
    ["the clock", () => Date.now()],
    ["a new date", () => new Date(0)],
    ["chance", () => Math.random()],
    ["the environment", () => process.env["TZ"]],
    ["the locale", () => "a".localeCompare("b")],
    ["the locale of numbers", () => (1).toLocaleString()],
    ["the network", () => fetch("http://127.0.0.1/")],
    ["a timer", () => setTimeout(() => undefined, 0)],
  ];
  it.each(world)("that reached for %s would be seen", (_what, reach) => {
    const command: Command = { check: () => null, handle: () => (reach(), null) };
    const bad = contractOf([...MODULES, { name: "bad", commands: { "bad.reach": command } }]);
    const chain = new TestChain(FOUR, {}, bad);
    const block = { sequence: 1, time: chain.time, transactions: [chain.sign("a", "bad.reach", [])] };
    expect(() => withoutWorld(() => executeBlock(chain.host, block))).toThrow("a contract reached for");
  });

  it("is given hashing and verifying, and nothing that signs or draws by chance", () => {
    let given: object = {};
    const look: Command = {
      check: () => null,
      handle(context) {
        given = context.primitives;
        return null;
      },
    };
    const chain = new TestChain(FOUR, {}, contractOf([...MODULES, { name: "look", commands: { "look.at": look } }]));
    expect(chain.run("a", "look.at", [])).toBe("accepted");
    expect(Object.keys(given).toSorted()).toEqual([
      "ed25519Verify",
      "hmacSha256",
      "lanes",
      "name",
      "sha256",
      "sha256Into",
    ]);
    expect(given).not.toBe(native);
  });

  it("is put together of modules that do not claim each other's names", () => {
    const command: Command = { check: () => null, handle: () => null };
    const twice = () => contractOf([...MODULES, { name: "events", commands: {} }]);
    const foreign = () => contractOf([...MODULES, { name: "other", commands: { [BATCH_KIND]: command } }]);
    expect(twice).toThrow("name of its own");
    expect(foreign).toThrow("named after its module");
  });
});

const packages = fileURLToPath(new URL("../..", import.meta.url));
const FORBIDDEN =
  /\b(?:Date|Intl|process|performance|navigator|globalThis|XMLHttpRequest|WebSocket|Worker|setTimeout|setInterval|setImmediate|queueMicrotask|require|localeCompare|toLocale\w*)\b|\bMath\.random\b|(?<![.#\w])crypto\s*[.(]|\bimport\s*\(/;

/** The network's, where the file has not a parameter of that name. */
const callsFetch = (code: string): boolean => !/\bfetch:/.test(code) && /(?<![.#\w])fetch\s*\(/.test(code);

const reaches = (code: string): boolean => FORBIDDEN.test(code) || callsFetch(code);

/** Without comments and texts: what is only talked about is not reached for. */
const codeOnly = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|[^:])\/\/.*$/gm, "$1")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replaceAll(/`(?:[^`\\]|\\.)*`/g, "``");

/** Files that the contracts load, from their own on, and the packages from outside that these name. */
function reachable(): { readonly files: ReadonlyMap<string, string>; readonly outside: ReadonlySet<string> } {
  const files = new Map<string, string>();
  const outside = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    const text = readFileSync(file, "utf8");
    files.set(file, text);
    for (const [, type, name = ""] of text.matchAll(/^(?:import|export)\s(type\s)?[^;]*?from "([^"]+)";/gm)) {
      if (type !== undefined) continue;
      if (name.startsWith(".")) visit(join(dirname(file), name));
      else if (name.startsWith("@anamnesis/")) visit(join(packages, name.slice("@anamnesis/".length), "src/index.ts"));
      else outside.add(name);
    }
  };
  visit(join(packages, "contracts/src/index.ts"));
  return { files, outside };
}

describe("what contracts are made of", () => {
  const { files, outside } = reachable();

  it("is all of their own package, and of the pure ones below", () => {
    const folders = new Set([...files.keys()].map((file) => relative(packages, file).split("/")[0]));
    expect([...folders].toSorted()).toEqual(["contracts", "core", "crypto", "ledger"]);
    expect(files.size).toBeGreaterThan(60);
    expect([...outside]).toEqual(["@ipld/dag-cbor"]);
  });

  it("names nothing that is not a function of its arguments", () => {
    const found = [...files].filter(([, text]) => reaches(codeOnly(text))).map(([file]) => relative(packages, file));
    expect(found).toEqual([]);
    for (const bad of ["Date.now()", "Math.random()", "x.toLocaleString()", "await fetch(u)", "crypto.randomUUID()"]) {
      expect(reaches(codeOnly(bad))).toBe(true);
    }
  });
});
