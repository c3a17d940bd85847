/** Who shows the right token, and what the others are told. */
import { equal, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { type Answer, plain } from "./answer.ts";

/** Whether the `Authorization` header carries the token; without a token nobody is let in. */
export function showsToken(
  primitives: Primitives,
  token: string | undefined,
  authorization: string | undefined,
): boolean {
  if (token === undefined || token === "" || authorization === undefined) return false;
  // Hashes are compared, not the texts: how long it takes tells nothing about the token.
  return equal(primitives.sha256(utf8(authorization)), primitives.sha256(utf8(`Bearer ${token}`)));
}

export function unauthorised(realm: string, text: string): Answer {
  const refused = plain(401, text);
  return { ...refused, headers: { ...refused.headers, "www-authenticate": `Bearer realm="${realm}"` } };
}
