/** Who signed the founding document: every founder, with a key that the document gives it. */
import { concat, equal, toHex, utf8 } from "@anamnesis/core";
import { keyId, type Primitives, type Signer, suiteOf } from "@anamnesis/crypto";
import { knownError, ledgerError } from "./errors.ts";
import {
  encodeGenesis,
  encodeGenesisBody,
  type Genesis,
  type GenesisBody,
  type GenesisOrganisation,
} from "./genesis.ts";
import { LIMITS, type Signature } from "./transaction.ts";

const DOMAIN = utf8("anamnesis/genesis/v2\0");

/** What a founder's signature covers. */
const message = (p: Primitives, suite: string, body: GenesisBody): Uint8Array =>
  concat(DOMAIN, utf8(`${suite}\0`), p.sha256(encodeGenesisBody(body)));

const owns = (p: Primitives, { keys }: GenesisOrganisation, id: Uint8Array) =>
  keys.find((key) => equal(keyId(p, suiteOf(key.suite).id, key.publicKey), id));

/**
 * The document with one founder's signature more; an earlier one of the same founder is replaced.
 * @throws AnamnesisError `ledger/unknown-key` when the key is no founder's, `ledger/bad-genesis`
 */
export function signGenesis(p: Primitives, document: GenesisBody | Genesis, signer: Signer): Genesis {
  checkForm(p, document);
  const { organisations } = document;
  if (!organisations.some((each) => owns(p, each, signer.keyId) !== undefined)) {
    throw ledgerError(
      "ledger/unknown-key",
      "this key is not one of a founder: check the genesis file and the key folder",
    );
  }
  const own = { keyId: signer.keyId, suite: signer.suite, signature: signer.sign(message(p, signer.suite, document)) };
  const given = "signatures" in document ? document.signatures : [];
  const signatures = organisations.flatMap((each) => {
    const mine = owns(p, each, own.keyId) !== undefined;
    const signature = mine ? own : given.find((s) => owns(p, each, s.keyId) !== undefined);
    return signature === undefined ? [] : [signature];
  });
  return { ...document, signatures };
}

/** Ids of the founders whose right signature is missing. */
export function unsignedFounders(p: Primitives, genesis: Genesis): readonly string[] {
  return genesis.organisations
    .filter((each) => !genesis.signatures.some((s) => signedBy(p, genesis, each, s)))
    .map(({ id }) => id);
}

function signedBy(p: Primitives, genesis: Genesis, founder: GenesisOrganisation, signature: Signature): boolean {
  const key = owns(p, founder, signature.keyId);
  if (key === undefined || key.suite !== signature.suite) return false;
  return suiteOf(key.suite).verify(p, key.publicKey, message(p, key.suite, genesis), signature.signature);
}

/**
 * Whether the document founds a ledger: its form, and exactly one right signature per founder in the founders' order.
 * @throws AnamnesisError `ledger/bad-genesis` naming what is wrong
 */
export function checkGenesis(p: Primitives, genesis: Genesis): void {
  checkForm(p, genesis);
  const missing = unsignedFounders(p, genesis);
  if (missing.length > 0) throw bad(`these founders have not signed it: ${missing.slice(0, 10).join(", ")}`);
  const inOrder = genesis.organisations.every((each, i) => {
    const signature = genesis.signatures[i];
    return signature !== undefined && signedBy(p, genesis, each, signature);
  });
  if (!inOrder || genesis.signatures.length !== genesis.organisations.length) {
    throw bad("its signatures are not one per founder in the order of the founders");
  }
}

function checkForm(p: Primitives, body: GenesisBody): void {
  const { organisations, logKey } = body;
  if (organisations.length === 0) throw bad("it names no organisation");
  if (organisations.some(({ keys }) => keys.length === 0)) throw bad("an organisation has no key");
  if (organisations.some(({ name }) => !isPlainName(name))) throw bad("a name is empty or has control characters");
  const keys = organisations.flatMap((each) => each.keys);
  for (const key of keys) checkKey(p, key.suite, key.publicKey);
  if (!distinct(organisations.map(({ id }) => id))) throw bad("two organisations have the same id");
  const all = [logKey, ...organisations.map(({ cosigner }) => cosigner), ...keys.map(({ publicKey }) => publicKey)];
  if (!distinct(all.map(toHex))) throw bad("one key stands in it twice: every key has one owner and one use");
  if (encodeGenesis({ ...body, signatures: [] }).length + organisations.length * SIGNATURE_ROOM > LIMITS.leafBytes) {
    throw bad("it is too large for one leaf: found with fewer organisations and let the others join");
  }
}

/** Bytes of a signature tuple in the document, and some. */
const SIGNATURE_ROOM = 128;

function checkKey(p: Primitives, suite: string, publicKey: Uint8Array): void {
  try {
    keyId(p, suiteOf(suite).id, publicKey);
  } catch (cause) {
    if (knownError(cause) === undefined) throw cause;
    throw ledgerError("ledger/bad-genesis", "the genesis cannot be used: a key is not one of its suite", {}, { cause });
  }
}

const isPlainName = (name: string): boolean => name.trim() !== "" && !/\p{Cc}/u.test(name);
const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;
const bad = (why: string) => ledgerError("ledger/bad-genesis", `the genesis cannot be used: ${why}`);
