/** Seals over real checkpoints, with real cosignatures; and seals with one thing wrong. */
import { type Cosignature, encodeSealBody, SEAL_KIND, type Seal } from "@anamnesis/contracts";
import { type OrgId, orgId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { cosigner, cosignerName, type Genesis, parseNote } from "@anamnesis/ledger";
import type { Chance } from "../random.ts";
import type { Draft } from "./events.ts";

/** A member that cosigns. */
export interface Cosigner {
  readonly id: OrgId;
  /** Seed of its cosigner key. */
  readonly cosigner: Uint8Array;
}

/** The checkpoint to seal. */
export interface ToSeal {
  readonly chain: Genesis["chain"];
  readonly note: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Agreed time, seconds. */
  readonly time: number;
  /** The checkpoint that was sealed last. */
  readonly sealed: Pick<ToSeal, "note" | "size" | "root"> | undefined;
}

/** A seal that `members` cosign, and sometimes one of them does not. */
export function sealing(chance: Chance, what: ToSeal, members: readonly Cosigner[]): Draft {
  const away = chance.once(1, 3) ? chance.pick(members).id : undefined;
  const present = members.filter(({ id }) => id !== away || members.length < 4);
  return draft(sealOf(what, present));
}

/** One with something wrong, seldom something that is odd but right. @param former those that are suspended or have gone */
export function oddSealing(
  chance: Chance,
  what: ToSeal,
  members: readonly Cosigner[],
  former: readonly Cosigner[],
): Draft {
  const seal = sealOf(what, members);
  const { cosignatures } = seal;
  const [first] = cosignatures;
  const someone = chance.pick(members);
  const tooFew = { ...seal, cosignatures: cosignatures.slice(0, Math.floor((members.length * 2) / 3)) };
  if (chance.once(1, 3)) return draft(tooFew);
  if (former.length > 0 && chance.once(1, 2)) return draft(sealOf(what, [...members, ...former]));
  const odd: readonly (() => Draft)[] = [
    () => draft({ ...seal, cosignatures: [] }),
    () => draft(sealOf({ ...what, time: what.time - chance.between(1, 4000) }, members)),
    () => draft(sealOf({ ...what, time: what.time + chance.between(1, 4000) }, members)),
    () => draft({ ...seal, cosignatures: cosignatures.toReversed() }),
    () => draft({ ...seal, cosignatures: [...cosignatures, ...(first === undefined ? [] : [first])] }),
    () => draft({ ...seal, size: seal.size - 1 }),
    () => draft({ ...seal, size: 0 }),
    () => draft({ ...seal, root: chance.bytes(32) }),
    () => draft({ ...seal, cosignatures: cosignatures.map((each) => flipped(chance, each, someone.id)) }),
    () => draft({ ...seal, cosignatures: [...cosignatures, { ...cosign(what, someone), id: orgId("nobody") }] }),
    () => draft(sealOf(what, [...members.slice(1), { id: someone.id, cosigner: chance.bytes(32) }])),
    () => ({ ...draft(seal), attachments: [chance.bytes(9)] }),
    () => ({ kind: SEAL_KIND, body: [seal.size, seal.root], attachments: [] }),
  ];
  return chance.pick(odd)();
}

const draft = (seal: Seal): Draft => ({ kind: SEAL_KIND, body: encodeSealBody(seal), attachments: [] });

const sealOf = (what: ToSeal, members: readonly Cosigner[]): Seal => ({
  ...{ size: what.size, root: what.root },
  cosignatures: members.map((each) => cosign(what, each)),
});

function cosign({ chain, note, time }: ToSeal, member: Cosigner): Cosignature {
  const by = cosigner(native, cosignerName(chain, member.id), member.cosigner);
  // C2SP puts the time in front: eight bytes.
  const signature = by.cosign(parseNote(note).text, time).signature.slice(8);
  return { id: member.id, time, signature };
}

function flipped(chance: Chance, each: Cosignature, id: OrgId): Cosignature {
  if (each.id !== id) return each;
  const place = chance.below(64);
  return { ...each, signature: each.signature.map((byte, i) => (i === place ? byte ^ 1 : byte)) };
}
