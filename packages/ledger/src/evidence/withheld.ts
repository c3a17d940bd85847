/**
 * Testimony, not proof: members state that the log did not give out leaves that a checkpoint of it covers. That something
 * was *not* had nobody can show alone, so the file counts who says so. More than a third is what it takes to be heard: as
 * long as fewer than a third lie, one of them tells the truth.
 *
 *     Withheld  = [ note: text, from: uint, to: uint, [ [ organisation: text, time: uint (s), signature: bytes(64) ], … ] ]
 *     statement = Ed25519 by the member's cosigner key over "anamnesis/withheld/v1" 0x00 ‖
 *                 DAG-CBOR [ 1, chain, size, root, from, to, organisation, time ]
 */
import {
  asBytes,
  asList,
  asText,
  asTuple,
  asUint,
  type Bytes,
  type Cbor,
  concat,
  decode,
  encode,
  utf8,
} from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Checkpoint, parseCheckpoint } from "../checkpoint.ts";
import { ledgerError } from "../errors.ts";
import { MEMBERS_MAX } from "../member-set.ts";
import { NOTE_LIMITS, parseNote } from "../note-format.ts";
import { encodeEvidence } from "./file.ts";
import { type Accuser, acquitted, envelope, type Ground, signedByLog } from "./ground.ts";

export interface Statement {
  readonly organisation: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly signature: Uint8Array;
}

export interface WithheldFinding {
  readonly kind: "withheld";
  readonly logKey: Uint8Array;
  readonly size: number;
  /** The leaves `[from, to)`. */
  readonly from: number;
  readonly to: number;
  readonly members: readonly string[];
  readonly of: number;
}

/** Leaves `[from, to)` of the tree that the signed note is a checkpoint of. */
export interface Missing {
  readonly note: string;
  readonly from: number;
  readonly to: number;
}

const DOMAIN = utf8("anamnesis/withheld/v1\0");

function message(chain: string, { size, root }: Checkpoint, { from, to }: Missing, who: string, time: number): Bytes {
  return concat(DOMAIN, encode([1, chain, size, root, from, to, who, time]));
}

/**
 * One member's statement.
 * @param sign its cosigner key's raw Ed25519
 * @param time seconds since 1970
 */
export function stateWithheld(
  sign: (message: Bytes) => Uint8Array,
  chain: string,
  missing: Missing,
  organisation: string,
  time: number,
): Statement {
  const checkpoint = parseCheckpoint(parseNote(missing.note).text);
  return { organisation, time, signature: sign(message(chain, checkpoint, missing, organisation, time)) };
}

/** What one member says, as members hand it to each other: `[ 1, [ [ note, from, to, organisation, time, signature ], … ] ]`. */
export interface Testimony {
  readonly missing: Missing;
  readonly statement: Statement;
}

/** Statements of one member that are handed on at most: about as many points from which members may be missing leaves. */
export const TESTIMONIES_MAX = 16;

export function encodeTestimonies(testimonies: readonly Testimony[]): Uint8Array {
  const list = testimonies.map(({ missing: { note, from, to }, statement: { organisation, time, signature } }) => [
    ...[note, from, to],
    ...[organisation, time, signature],
  ]);
  return encode([1, list]);
}

/** Nothing in it is checked but its form. @throws AnamnesisError `core/bad-encoding`, `ledger/malformed` */
export function decodeTestimonies(bytes: Bytes): readonly Testimony[] {
  const [version, list] = asTuple(decode(bytes, "testimonies"), 2, "testimonies");
  if (version !== 1) throw ledgerError("ledger/malformed", "testimonies of an unknown version");
  return asList(list, TESTIMONIES_MAX, "testimonies").map((item) => {
    const [note, from, to, organisation, time, signature] = asTuple(item, 6, "testimony");
    return { missing: readMissing(note, from, to), statement: readStatement(organisation, time, signature) };
  });
}

/** Whether the member's cosigner key signed it. @throws AnamnesisError `ledger/malformed` for what is no note */
export function isStatedBy(p: Primitives, chain: string, cosigner: Bytes, { missing, statement }: Testimony): boolean {
  const checkpoint = parseCheckpoint(parseNote(missing.note).text);
  const { organisation, time, signature } = statement;
  return p.ed25519Verify(cosigner, message(chain, checkpoint, missing, organisation, time), signature);
}

/** @throws AnamnesisError `ledger/too-large`; whether it is heard is `checkEvidence`'s to say */
export function makeWithheld(accuser: Accuser, missing: Missing, statements: readonly Statement[]): Uint8Array {
  const list = statements.map(({ organisation, time, signature }) => [organisation, time, signature]);
  const content = [missing.note, missing.from, missing.to, list];
  return encodeEvidence({ ...envelope(accuser), kind: "withheld", content });
}

/** @throws AnamnesisError `ledger/bad-evidence`, `ledger/bad-checkpoint`, `ledger/malformed`, `core/bad-encoding` */
export function checkWithheld(p: Primitives, ground: Ground, content: Cbor): WithheldFinding {
  const { missing, statements } = read(content);
  const { checkpoint, logKey } = signedByLog(p, ground, missing.note);
  const { from, to } = missing;
  const { size } = checkpoint;
  if (from >= to || to > size) throw acquitted("the leaves are not ones that the checkpoint covers");
  const members = statements.map(({ organisation, time, signature }) => {
    const member = ground.set.members.find(({ id }) => id === organisation);
    if (member === undefined) throw acquitted("it carries the statement of somebody who is not an active member");
    if (!p.ed25519Verify(member.cosigner, message(ground.chain, checkpoint, missing, organisation, time), signature)) {
      throw acquitted(`the statement of ${organisation} is not signed with its key`);
    }
    return organisation;
  });
  const of = ground.set.members.length;
  if (new Set(members).size !== members.length) throw acquitted("a member is counted twice");
  if (3 * members.length <= of) throw acquitted(`only ${members.length} of ${of} members say so, a third or less`);
  return { kind: "withheld", logKey, size, from, to, members, of };
}

function read(content: Cbor): { readonly missing: Missing; readonly statements: readonly Statement[] } {
  const [note, from, to, list] = asTuple(content, 4, "withheld");
  return {
    missing: readMissing(note, from, to),
    statements: asList(list, MEMBERS_MAX, "statements").map(statementIn),
  };
}

function statementIn(item: Cbor): Statement {
  const [organisation, time, signature] = asTuple(item, 3, "statement");
  return readStatement(organisation, time, signature);
}

const readMissing = (note: Cbor | undefined, from: Cbor | undefined, to: Cbor | undefined): Missing => ({
  note: asText(note, NOTE_LIMITS.noteBytes, "note"),
  from: asUint(from, "from"),
  to: asUint(to, "to"),
});

const readStatement = (
  organisation: Cbor | undefined,
  time: Cbor | undefined,
  signature: Cbor | undefined,
): Statement => ({
  organisation: asText(organisation, 32, "organisation"),
  time: asUint(time, "time"),
  signature: asBytes(signature, 64, "signature"),
});
