/**
 * Why no connection came about, in plain words. Messages of server and driver may repeat the address, the role or the
 * database: they are looked at, never passed on.
 */

export interface ConnectReason {
  readonly why: string;
  /** SQLSTATE or the system's error code, where it tells an expert something; else empty. */
  readonly reason: string;
}

/** Appendix A of PostgreSQL's manual (SQLSTATE) and the codes of Node's `net`, `dns` and `tls`. */
const REASONS: Readonly<Record<string, string>> = {
  "28P01": "it refuses the password of this role (or there is no such role)",
  "28000": "this role may not connect from this machine: pg_hba.conf of the database decides that",
  "3D000": "the server has no database of the name in the address",
  "42501": "this role may not connect to this database: GRANT CONNECT",
  "53300": "the server has no connection left: raise max_connections or close some",
  "57P03": "the server is starting or stopping: try again in a moment",
  ENOTFOUND: "no host of the name in the address is known",
  EAI_AGAIN: "the name of the host could not be looked up: is the network there?",
  ECONNREFUSED: "nothing listens at the host and port in the address",
  ETIMEDOUT: "the host in the address does not answer",
  EHOSTUNREACH: "no way leads to the host in the address",
  ENETUNREACH: "no way leads to the host in the address",
  ECONNRESET: "the other side hung up: is that the port of a PostgreSQL?",
  ENOENT: "a socket or certificate file that the address names is not there",
  EACCES: "this account may not use the socket or certificate file that the address names",
};

const CERTIFICATE = /CERT|UNABLE_TO_|SELF_SIGNED|^ERR_TLS/;
const NO_CERTIFICATE =
  "the server's TLS certificate cannot be verified: name its CA with ?sslrootcert=FILE, and the host as the certificate does";

/** What has no code of its own is known by the driver's or the server's words. */
const BY_WORDS: readonly (readonly [words: RegExp, why: string])[] = [
  [/does not support SSL/, "the server offers no TLS, which the address asks for with sslmode"],
  [/no encryption|SSL off/, "the server lets this role in over TLS only: add ?sslmode=verify-full to the address"],
  [/timeout expired/, "the host in the address does not answer"],
  [/password must be a string/, "the server wants a password, and the address holds none"],
  [/terminated unexpectedly/, "the other side hung up: is that the port of a PostgreSQL?"],
];

export function connectReason(cause: unknown): ConnectReason {
  const code = codeOf(cause);
  const words = cause instanceof Error ? cause.message : "";
  const told = BY_WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? REASONS[code];
  if (told !== undefined) return { why: told, reason: code };
  if (CERTIFICATE.test(code)) return { why: NO_CERTIFICATE, reason: code };
  const known = /^[0-9A-Z]{5}$/.test(code) || /^E[A-Z]+$/.test(code);
  return { why: "cannot connect to the source database", reason: known ? code : "" };
}

function codeOf(cause: unknown): string {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return "";
  return typeof cause.code === "string" ? cause.code : "";
}
