/** Why the ledger takes nothing of a source for now, in the words of the catalogue. */
import type { CaptureProgress } from "@anamnesis/capture";
import { textOf } from "./failure.ts";
import type { Session } from "./session.ts";

type Seen = Pick<CaptureProgress, "phase" | "code" | "events">;

/** One sentence about it, and what to do. */
export function waitingLine(source: string, code: string, { texts }: Pick<Session, "texts">): string {
  const { text, remedy } = textOf(texts.errors, code) ?? texts.errors.internal;
  return texts.organisations.waits(source, text, remedy, code);
}

/** Says it once, each time that the reason is another one, and that capture goes on when something became final again. */
export function waitingNotes(source: string, session: Pick<Session, "texts" | "note">): (progress: Seen) => void {
  let waiting: { readonly code: string; readonly events: number } | undefined;
  return ({ phase, code = "internal", events }) => {
    if (phase === "waiting") {
      if (waiting?.code !== code) session.note(waitingLine(source, code, session));
      waiting = { code, events };
    } else if (waiting !== undefined && events > waiting.events) {
      waiting = undefined;
      session.note(session.texts.organisations.capturesOn(source));
    }
  };
}
