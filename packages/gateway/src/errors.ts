import { AnamnesisError, type Details } from "@anamnesis/core";

/** Every way in which serving or fetching a log fails. The comment tells an operator what to do. */
export type GatewayErrorCode =
  | "gateway/port-busy" // another program listens there: stop it or choose another port
  | "gateway/port-forbidden" // this user may not listen there: choose a port above 1023
  | "gateway/bad-address" // the host or URL cannot be used: correct the configuration
  | "gateway/unreachable" // no answer from the other side: check network and address, try again
  | "gateway/timeout" // the other side is too slow: try again later
  | "gateway/bad-answer" // the other side answers, but not as a log does: check the URL and the token
  | "gateway/too-large" // an answer or file is larger than any of a log can be: not a log, or an attack
  | "gateway/cannot-write"; // the folder cannot be written: check rights and space

export function gatewayError(
  code: GatewayErrorCode,
  message: string,
  details?: Details,
  options?: ErrorOptions,
): AnamnesisError<GatewayErrorCode> {
  return new AnamnesisError(code, message, details ?? {}, options);
}

/** The error code of a system call (`ENOENT`, …), if the error is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
