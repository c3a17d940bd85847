/** The log's side of tlog-witness: offers a checkpoint to a witness and takes its cosignature back. */
import type { Primitives } from "@anamnesis/crypto";
import { knownError } from "../errors.ts";
import type { MerklePath } from "../merkle.ts";
import { formatNote, NOTE_LIMITS, type NoteSignature, type NoteVerifier, openNote, parseNote } from "../note.ts";
import { checkpointOf, formatAddCheckpoint } from "./request.ts";

/** Sends the body to one witness. Rejects with an `AnamnesisError` when there is no answer. */
export type AskWitness = (body: string) => Promise<{ readonly status: number; readonly body: string }>;

export interface WitnessPeer {
  /** Type `cosignature/v1`. */
  readonly verifier: NoteVerifier;
  readonly ask: AskWitness;
}

export type Cosigned =
  | { readonly kind: "cosigned"; readonly signature: NoteSignature /** Seconds. */; readonly time: number }
  /** It has cosigned a larger tree than the one offered: this log is an old copy, or another one speaks in its name. */
  | { readonly kind: "ahead"; readonly size: number }
  /** It has cosigned a tree that the one offered does not continue. */
  | { readonly kind: "contradicted"; readonly size: number }
  /** 404: does not know this log; 403: not this key; 503: later; others: the two do not speak the same protocol. */
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "unreachable"; readonly code: string };

export interface Offer {
  /** The signed checkpoint. */
  readonly note: string;
  /** Proof that `older` leaves are a prefix of `newer` (RFC 6962 §2.1.2); asked for sizes up to the checkpoint's. */
  readonly consistency: (older: number, newer: number) => Promise<MerklePath>;
}

/** It may cosign for another of our requests meanwhile; a size that keeps changing is no answer. */
const TRIES_MAX = 4;

/** One witness and the size it cosigned last, as far as we know. */
export class WitnessClient {
  readonly verifier: NoteVerifier;
  readonly #p: Primitives;
  readonly #ask: AskWitness;
  #known = 0;

  constructor(p: Primitives, { verifier, ask }: WitnessPeer) {
    this.#p = p;
    this.verifier = verifier;
    this.#ask = ask;
  }

  /** Never rejects for what the witness does; rejects with what `offer.consistency` rejects with. */
  async cosign(offer: Offer): Promise<Cosigned> {
    const { size } = checkpointOf(parseNote(offer.note).text);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const old = Math.min(this.#known, size);
      const proof = await offer.consistency(old, size);
      const reply = await this.#send(formatAddCheckpoint({ old, proof, note: offer.note }));
      if ("kind" in reply) return reply;
      if (reply.status === 200) return this.#take(offer.note, size, reply.body);
      if (reply.status === 422) return { kind: "contradicted", size: old };
      const theirs = reply.status === 409 ? sizeIn(reply.body) : undefined;
      if (theirs === undefined) return { kind: "refused", status: reply.status };
      this.#known = theirs;
      if (theirs > size) return { kind: "ahead", size: theirs };
      // The size was right, so the root is what differs.
      if (theirs === old) return { kind: "contradicted", size: theirs };
    }
    return { kind: "refused", status: 409 };
  }

  async #send(body: string): Promise<Awaited<ReturnType<AskWitness>> | Cosigned> {
    try {
      return await this.#ask(body);
    } catch (error) {
      const known = knownError(error);
      if (known === undefined) throw error;
      return { kind: "unreachable", code: known.code };
    }
  }

  /** Only a valid cosignature by the key we know counts, whatever else the answer holds. */
  #take(note: string, size: number, body: string): Cosigned {
    const { text } = parseNote(note);
    try {
      const { name, keyId } = this.verifier;
      const lines = `${text}\n${body}`;
      const [verified] = openNote(this.#p, lines, [this.verifier]).verified;
      const signature = parseNote(lines).signatures.find((s) => s.name === name && s.keyId === keyId);
      if (signature === undefined || verified?.time === undefined) return { kind: "refused", status: 200 };
      this.#known = size;
      return { kind: "cosigned", signature, time: verified.time };
    } catch (error) {
      if (knownError(error) === undefined) throw error;
      return { kind: "refused", status: 200 };
    }
  }
}

function sizeIn(body: string): number | undefined {
  const [, digits] = /^(0|[1-9][0-9]{0,15})\n$/.exec(body) ?? [];
  const size = Number(digits ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : undefined;
}

/**
 * The note with more signatures; one by the same key takes the place of the older one. What would pass the limit of signatures
 * is left out, the last ones first.
 */
export function withSignatures(note: string, added: readonly NoteSignature[]): string {
  const { text, signatures } = parseNote(note);
  const same = (a: NoteSignature) => (b: NoteSignature) => a.name === b.name && a.keyId === b.keyId;
  const kept = signatures.filter((old) => !added.some(same(old)));
  return formatNote(text, [...kept, ...added].slice(0, NOTE_LIMITS.signatures));
}
