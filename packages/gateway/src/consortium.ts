/** What members ask each other beside the log itself: signed checkpoints of single blocks, sealed ones, who cosigned. */
import { type Bytes, utf8 } from "@anamnesis/core";
import { encodeBundle, type SealedState } from "@anamnesis/ledger";
import { type Answer, answer, jsonAnswer, plain, textAnswer } from "./answer.ts";
import { encodeSeals } from "./seals.ts";

export interface ConsortiumRoutes {
  /** Signed checkpoints behind up to 256 blocks from `sequence` on. */
  notes(sequence: number): readonly string[];
  /** The note with all cosignatures known for its text. */
  cosigned(note: string): string;
  /** The newest sealed checkpoint: of all, or of the time when the member set had this epoch. */
  sealed(epoch?: number): SealedState | undefined;
  /** The trust chain. */
  readonly links: readonly SealedState[];
  /** Statements about leaves that this member could not get (spec/log.md, `withheld`); undefined when it misses none. */
  withheld?(): Uint8Array | undefined;
  /** How far each member has cosigned: figures for people and programs. */
  members(): Promise<object>;
}

const NUMBERED = /^\/(notes|sealed)\/(0|[1-9][0-9]{0,14})$/;

/** `undefined` when the target is none of these. */
export async function consortiumRoute(
  routes: ConsortiumRoutes | undefined,
  target: string,
): Promise<Answer | undefined> {
  if (routes === undefined) return undefined;
  if (target === "/sealed") return sealed(routes.sealed());
  if (target === "/seals") {
    const newest = routes.sealed();
    const body = encodeSeals({ links: routes.links, ...(newest === undefined ? {} : { newest }) });
    return answer(200, "application/cbor", body, "no-cache");
  }
  if (target === "/members") {
    return jsonAnswer(200, `${JSON.stringify(await routes.members())}\n`, "no-store");
  }
  if (target === "/withheld") {
    const said = routes.withheld?.();
    return said === undefined ? plain(404, "nothing is withheld") : answer(200, "application/cbor", said, "no-store");
  }
  const [, name, digits] = NUMBERED.exec(target) ?? [];
  if (name === undefined) return undefined;
  if (name === "sealed") return sealed(routes.sealed(Number(digits)));
  const notes: Bytes[] = routes.notes(Number(digits)).map((note) => utf8(note));
  if (notes.length === 0) return plain(404, "the log has no such block yet");
  return answer(200, "application/octet-stream", encodeBundle(notes), "no-cache");
}

const sealed = (state: SealedState | undefined): Answer =>
  state === undefined ? plain(404, "no checkpoint has been sealed yet") : textAnswer(200, state.note, "no-cache");
