/** Keys that organisations bring, change and lose: sensible things, and things that must be refused. */
import {
  type Action,
  type KeyUse,
  type Proofs,
  possessionMessage,
  rotateCosignerBody,
  rotateKeysBody,
} from "@anamnesis/contracts";
import { type ChainId, type OrgId, toHex } from "@anamnesis/core";
import { keyId } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import type { GenesisOrganisation } from "@anamnesis/ledger";
import type { Chance } from "../random.ts";
import type { Draft } from "./events.ts";

type NewKeys = Pick<GenesisOrganisation, "keys" | "cosigner">;

/** Seeds of all keys that anybody ever made, by public key in hexadecimal: whoever is said to have one can use it. */
export class Wallet {
  readonly #seeds = new Map<string, Uint8Array>();

  fresh(chance: Chance): Uint8Array {
    return this.keep(chance.bytes(32));
  }

  keep(seed: Uint8Array): Uint8Array {
    this.#seeds.set(toHex(native.ed25519PublicKey(seed)), seed);
    return seed;
  }

  seedOf(publicKey: Uint8Array): Uint8Array | undefined {
    return this.#seeds.get(toHex(publicKey));
  }

  get seeds(): readonly Uint8Array[] {
    return [...this.#seeds.values()];
  }

  any(chance: Chance): Uint8Array {
    return chance.pick(this.seeds);
  }
}

export interface Keyring {
  readonly chain: ChainId;
  readonly self: OrgId;
  /** Its own keys that sign now: public keys. */
  readonly keys: readonly Uint8Array[];
  /** Its cosigner key. */
  readonly cosigner: Uint8Array;
  readonly wallet: Wallet;
}

export function rotation(chance: Chance, around: Keyring): Draft["body"] {
  const { keys, wallet } = around;
  const seed = wallet.fresh(chance);
  const own = keys.map(idOf);
  const oldest = own.slice(0, 1);
  const ways: readonly (() => Draft["body"])[] = [
    () => rotate(chance, around, [seed], oldest),
    () => rotate(chance, around, [seed], oldest),
    () => rotate(chance, around, [seed], []),
    () => rotate(chance, around, [], oldest),
    () => rotate(chance, around, [], []),
    () => rotate(chance, around, [], own),
    () => rotate(chance, around, [seed], own),
    () => rotate(chance, around, [seed, seed], []),
    () => rotate(chance, around, [wallet.any(chance)], []),
    () => rotate(chance, around, [seed], [chance.bytes(16)]),
    () => rotate(chance, around, [seed], [...oldest, ...oldest]),
  ];
  return chance.pick(ways)();
}

function rotate(
  chance: Chance,
  { chain, self }: Keyring,
  seeds: readonly Uint8Array[],
  retired: readonly Uint8Array[],
) {
  const owner = chance.once(1, 8) ? "other" : self;
  const added = seeds.map((seed) => ({ ...signing(seed), proof: proof(chain, owner, "sign", seed) }));
  return rotateKeysBody({ added, retired });
}

export function cosignerRotation(chance: Chance, { chain, self, cosigner, wallet }: Keyring): Draft["body"] {
  const same = wallet.seedOf(cosigner) ?? chance.bytes(32);
  const seed = chance.pick([wallet.fresh(chance), wallet.fresh(chance), wallet.any(chance), same]);
  const use = chance.once(1, 8) ? "sign" : "cosign";
  return rotateCosignerBody(native.ed25519PublicKey(seed), proof(chain, self, use, seed));
}

/** Other keys for somebody, by vote. */
export function recovery(chance: Chance, around: Keyring, id: OrgId): Action {
  return { type: "recover", id, ...newKeys(chance, around, id) };
}

/** Keys as somebody brings them who joins or begins anew; sometimes ones that are taken, or with the proofs of somebody else. */
export function newKeys(
  chance: Chance,
  { chain, wallet }: Pick<Keyring, "chain" | "wallet">,
  id: string,
): { keys: NewKeys; proofs: Proofs } {
  const seed = chance.once(1, 10) ? wallet.any(chance) : wallet.fresh(chance);
  const other = chance.once(1, 10) ? wallet.any(chance) : wallet.fresh(chance);
  const owner = chance.once(1, 6) ? "somebody" : id;
  return {
    keys: { keys: [signing(seed)], cosigner: native.ed25519PublicKey(other) },
    proofs: { keys: [proof(chain, owner, "sign", seed)], cosigner: proof(chain, owner, "cosign", other) },
  };
}

const signing = (seed: Uint8Array) => ({ suite: "INTL-1", publicKey: native.ed25519PublicKey(seed) });
const idOf = (publicKey: Uint8Array): Uint8Array => keyId(native, "INTL-1", publicKey);

function proof(chain: ChainId, organisation: string, use: KeyUse, seed: Uint8Array): Uint8Array {
  const key = { suite: "INTL-1", publicKey: native.ed25519PublicKey(seed) };
  return native.ed25519Sign(seed, possessionMessage(native, { chain, organisation, use, key }));
}
