/** What the ledger remembers of scores and seals (spec/incentive.md, "State"). */
import { asBytes, asList, asText, asTuple, asUint, type Bytes, decode, encode } from "@anamnesis/core";
import { MEMBERS_MAX, type StateReader } from "@anamnesis/ledger";
import { newcomer, type Standing } from "./rule.ts";

/** State key of the stretch that waits, and of what was sealed last. */
export const SEALING = "sealing";
export const scorePath = (organisation: string): string => `score/${organisation}`;
export const sealPath = (seal: number): string => `seal/${seal}`;

export interface Sealing {
  /** Number of the next seal; so many there are. */
  readonly seal: number;
  /** Agreed time of the first change since the newest seal, ms; 0 when there is none. */
  readonly opened: number;
  /** The only organisation with a change since then; null for several, or none. */
  readonly sole: string | null;
  /** Size of the newest sealed checkpoint, and the agreed time of its seal, ms. */
  readonly size: number;
  readonly time: number;
}

/** A seal as it stands on the ledger. */
export interface SealRecord {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly creator: string;
  /** Agreed time, ms. */
  readonly time: number;
  readonly cosigners: readonly string[];
}

const NONE: Sealing = { seal: 0, opened: 0, sole: null, size: 0, time: 0 };

export function readSealing(state: StateReader): Sealing {
  const value = state.get(SEALING);
  return value === undefined ? NONE : decodeSealing(value);
}

export const encodeSealing = ({ seal, opened, sole, size, time }: Sealing): Uint8Array =>
  encode([seal, opened, sole, size, time]);

export function decodeSealing(bytes: Bytes): Sealing {
  const [seal, opened, sole, size, time] = asTuple(decode(bytes, "sealing"), 5, "sealing");
  return {
    ...{ seal: asUint(seal, "seal"), opened: asUint(opened, "opened"), size: asUint(size, "size") },
    ...{ sole: sole === null ? null : asText(sole, 32, "organisation"), time: asUint(time, "time") },
  };
}

export function encodeStanding({ score, since, missed, aside, epoch, worked }: Standing): Uint8Array {
  return encode([score, since, missed, aside, epoch, worked]);
}

export function decodeStanding(id: string, bytes: Bytes): Standing {
  const fields = asTuple(decode(bytes, "standing"), 6, "standing");
  const [score = 0, since = 0, missed = 0, aside = 0, epoch = 0, worked = 0] = fields.map((f) => asUint(f, "standing"));
  return { id, score, since, missed, aside, epoch, worked };
}

/** The standings of `members`, in their order; whoever has none yet gets that of a newcomer. */
export function readStandings(state: StateReader, members: readonly string[], seal: number): readonly Standing[] {
  const known = new Map<string, Standing>();
  for (const id of members) {
    const value = state.get(scorePath(id));
    if (value !== undefined) known.set(id, decodeStanding(id, value));
  }
  const others = [...known.values()];
  return members.map((id) => known.get(id) ?? newcomer(id, others, seal));
}

export const encodeSeal = ({ size, root, creator, time, cosigners }: SealRecord): Uint8Array =>
  encode([size, root, creator, time, cosigners]);

export function decodeSeal(bytes: Bytes): SealRecord {
  const [size, root, creator, time, cosigners] = asTuple(decode(bytes, "seal"), 5, "seal");
  return {
    ...{ size: asUint(size, "size"), root: asBytes(root, 32, "root"), time: asUint(time, "time") },
    creator: asText(creator, 32, "organisation"),
    cosigners: asList(cosigners, MEMBERS_MAX, "cosigners").map((each) => asText(each, 32, "organisation")),
  };
}
