/** Why no connection came about, in plain words. The server's messages name accounts and hosts: they are never passed on. */
import type { ConnectReason } from "../postgres/connect-reason.ts";

const REASONS: Readonly<Record<string, string>> = {
  ER_ACCESS_DENIED_ERROR: "it refuses the password of this account (or there is no such account for this machine)",
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: "it refuses this account without a password",
  ER_DBACCESS_DENIED_ERROR: "this account may not use the database in the address: GRANT it SELECT there",
  ER_BAD_DB_ERROR: "the server has no database of the name in the address",
  ER_HOST_NOT_PRIVILEGED: "the server lets nobody in from this machine",
  ER_HOST_IS_BLOCKED: "the server has blocked this machine after many failures: FLUSH HOSTS",
  ER_CON_COUNT_ERROR: "the server has no connection left: raise max_connections or close some",
  ENOTFOUND: "no host of the name in the address is known",
  EAI_AGAIN: "the name of the host could not be looked up: is the network there?",
  ECONNREFUSED: "nothing listens at the host and port in the address",
  ETIMEDOUT: "the host in the address does not answer",
  EHOSTUNREACH: "no way leads to the host in the address",
  ENETUNREACH: "no way leads to the host in the address",
  ECONNRESET: "the other side hung up: is that the port of a MariaDB?",
  PROTOCOL_CONNECTION_LOST: "the other side hung up: is that the port of a MariaDB?",
  HANDSHAKE_NO_SSL_SUPPORT: "the server offers no TLS, which the address asks for with sslmode",
  HANDSHAKE_SSL_ERROR: "the server's TLS certificate cannot be verified: name its CA with ?sslrootcert=FILE",
  ENOENT: "a certificate file that the address names is not there",
};

export function connectReason(cause: unknown): ConnectReason {
  const code = sqlCode(cause) ?? "";
  const told = REASONS[code];
  if (told !== undefined) return { why: told, reason: code };
  if (/CERT|UNABLE_TO_|SELF_SIGNED|^ERR_TLS/.test(code))
    return { why: REASONS["HANDSHAKE_SSL_ERROR"] ?? "", reason: code };
  return { why: "cannot connect to the source database", reason: /^[A-Z_0-9]{3,60}$/.test(code) ? code : "" };
}

/** The server's or the system's name for the error. */
export function sqlCode(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return undefined;
  return typeof cause.code === "string" ? cause.code : undefined;
}
