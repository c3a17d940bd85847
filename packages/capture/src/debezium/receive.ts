/** From the body of a request to the inbox. */
import { captureError } from "../errors.ts";
import { type PushedChange, readEnvelope } from "./envelope.ts";
import type { Inbox, Taken } from "./inbox.ts";
import { type Json, parseExact } from "./json.ts";

const MESSAGES_MAX = 20_000;

/**
 * Takes in one message, an array of them, or one per line. All of them or none: a sender that is told of an error sends
 * the same again after somebody has looked.
 * @throws AnamnesisError `capture/malformed-push`, `capture/push-needs-key`, `capture/push-full`, `capture/disk-full`
 */
export function receivePush(inbox: Inbox, body: string): Taken & { readonly ignored: number } {
  const messages = messagesOf(body);
  if (messages.length > MESSAGES_MAX) {
    throw captureError(
      "capture/malformed-push",
      `more than ${MESSAGES_MAX} messages in one request: send fewer at a time`,
    );
  }
  const changes = messages.map(readEnvelope).filter((change): change is PushedChange => change !== undefined);
  return { ...inbox.take(changes), ignored: messages.length - changes.length };
}

function messagesOf(body: string): readonly Json[] {
  const text = body.trim();
  if (text === "") return [];
  const lines = text.startsWith("{") ? text.split(/\r?\n/).filter((line) => line.trim() !== "") : [text];
  // A document may also be written over several lines: then its first line alone is no JSON.
  const whole = lines.length === 1 || !isJson(lines[0] ?? "") ? [text] : lines;
  return whole.flatMap((each) => {
    const parsed = parseExact(each);
    return Array.isArray(parsed) ? (parsed as readonly Json[]) : [parsed];
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
