/** What an organisation decides about itself alone: its keys, its cosigner key, and to leave. */
import { asBytes, asBytesUpTo, asList, asTuple, type Cbor, equal } from "@anamnesis/core";
import {
  MEMBER_KEYS_MAX,
  type MemberKey,
  parseMemberKey,
  type Refusal,
  type SignedTransaction,
} from "@anamnesis/ledger";
import type { Command } from "../module.ts";
import { reading, refuse } from "../refusal.ts";
import { actor, organisationOf } from "./actor.ts";
import { addKey, keyIdOf, setKeyStatus, writeOrganisation } from "./enrol.ts";
import { removing, seat } from "./membership.ts";
import { checkCosigner, checkProof, checkUnused } from "./new-keys.ts";
import { ed25519Key } from "./possession.ts";

export const LEAVE_KIND = "registry.leave";
export const ROTATE_KEYS_KIND = "registry.rotate-keys";
export const ROTATE_COSIGNER_KIND = "registry.rotate-cosigner";

export interface AddedKey extends MemberKey {
  readonly proof: Uint8Array;
}

export interface KeyRotation {
  readonly added: readonly AddedKey[];
  /** Ids (16 bytes) of keys that shall not sign any more. */
  readonly retired: readonly Uint8Array[];
}

export const leaveBody: Cbor = [];
export const rotateKeysBody = ({ added, retired }: KeyRotation): Cbor => [
  added.map(({ suite, publicKey, proof }) => [[suite, publicKey], proof]),
  retired,
];
export const rotateCosignerBody = (cosigner: Uint8Array, proof: Uint8Array): Cbor => [cosigner, proof];

export const leave: Command = {
  check(tx) {
    const read = reading("registry/malformed", () => asTuple(tx.transaction.body, 0, "leave"));
    return "code" in read ? read : null;
  },
  handle(context) {
    const change = removing(context, actor(context), "left");
    if ("code" in change) return change;
    change();
    return null;
  },
};

export const rotateKeys: Command = {
  check(tx) {
    const read = readRotation(tx);
    if ("code" in read) return read;
    const empty = read.added.length + read.retired.length === 0;
    return empty ? refuse("registry/malformed", "no key is added and none retired") : null;
  },

  handle(context, tx) {
    const read = readRotation(tx);
    if ("code" in read) return read;
    const { added, retired } = read;
    const id = actor(context);
    const organisation = organisationOf(context, id);
    for (const { proof, ...key } of added) {
      const fault = checkProof(context, id, "sign", key, proof);
      if (fault !== null) return fault;
    }
    if (!distinct(added.map((key) => keyIdOf(context, key))))
      return refuse("registry/malformed", "one key is added twice");
    const fault = checkUnused(context, added);
    if (fault !== null) return fault;
    if (!distinct(retired) || !retired.every((key) => organisation.keys.some((own) => equal(own, key)))) {
      return refuse("registry/unknown-key", "a key to be retired is not one of the organisation's");
    }
    const kept = organisation.keys.filter((own) => !retired.some((key) => equal(own, key)));
    if (kept.length + added.length === 0) return refuse("registry/last-key", "an organisation keeps at least one key");
    if (kept.length + added.length > MEMBER_KEYS_MAX) {
      return refuse("registry/too-many", `an organisation has at most ${MEMBER_KEYS_MAX} keys`);
    }
    for (const key of retired) setKeyStatus(context, key, "retired");
    const ids = added.map((key) => addKey(context, id, key));
    writeOrganisation(context, id, { ...organisation, keys: [...kept, ...ids] });
    return null;
  },
};

export const rotateCosigner: Command = {
  check(tx) {
    const read = readCosigner(tx);
    return "code" in read ? read : null;
  },

  handle(context, tx) {
    const read = readCosigner(tx);
    if ("code" in read) return read;
    const { cosigner, proof } = read;
    const id = actor(context);
    const organisation = organisationOf(context, id);
    if (equal(organisation.cosigner, cosigner)) return refuse("registry/no-change", "this is its cosigner key already");
    const fault =
      checkProof(context, id, "cosign", ed25519Key(cosigner), proof) ?? checkCosigner(context, id, cosigner);
    if (fault !== null) return fault;
    writeOrganisation(context, id, { ...organisation, cosigner });
    seat(context, id, cosigner);
    return null;
  },
};

const distinct = (ids: readonly Uint8Array[]): boolean =>
  ids.every((id, i) => !ids.slice(i + 1).some((other) => equal(id, other)));

const readRotation = ({ transaction }: SignedTransaction): KeyRotation | Refusal =>
  reading("registry/malformed", () => {
    const [added, retired] = asTuple(transaction.body, 2, "rotation of keys");
    return {
      added: asList(added, MEMBER_KEYS_MAX, "added keys").map((item) => {
        const [key, proof] = asTuple(item, 2, "added key");
        return { ...parseMemberKey(key), proof: asBytesUpTo(proof, 256, "proof") };
      }),
      retired: asList(retired, MEMBER_KEYS_MAX, "retired keys").map((id) => asBytes(id, 16, "key id")),
    };
  });

const readCosigner = ({ transaction }: SignedTransaction) =>
  reading("registry/malformed", () => {
    const [cosigner, proof] = asTuple(transaction.body, 2, "rotation of the cosigner key");
    return { cosigner: asBytes(cosigner, 32, "cosigner key"), proof: asBytesUpTo(proof, 256, "proof") };
  });
