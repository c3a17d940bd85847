import { AnamnesisError, type Details } from "@anamnesis/core";

/** Every way in which capture and verification say no. The comment tells an operator what to do. */
export type CaptureErrorCode =
  // reaching the source
  | "capture/cannot-connect" // the database cannot be reached or refuses the login: check address, password, pg_hba.conf
  | "capture/connection-lost" // the database closed the connection: it is retried; look at the database's log if it repeats
  | "capture/unsupported-version" // PostgreSQL older than 14: upgrade the source
  | "capture/session-not-pinned" // the server or a pooler overrides a setting the row format depends on: connect directly
  // what the source must allow
  | "capture/wal-level" // set wal_level = logical and restart the database
  | "capture/binlog-format" // MariaDB: log_bin, binlog_format = ROW and binlog_row_image = FULL, as `source check` prints it
  | "capture/no-row-metadata" // MariaDB: SET GLOBAL binlog_row_metadata = 'FULL'
  | "capture/several-domains" // MariaDB: write with one gtid_domain_id; what several domains wrote has no single order
  | "capture/no-replication-right" // ALTER ROLE … REPLICATION, and pg_hba.conf must allow it
  | "capture/no-publication-right" // run the printed SQL as the owner of the tables
  | "capture/no-read-right" // run the printed GRANT as the owner of the tables, or exclude them
  | "capture/no-slot-free" // raise max_replication_slots or drop an unused slot
  | "capture/slot-busy" // another process streams from our slot: stop it
  | "capture/slot-blocked" // a long transaction keeps the slot from being made: wait for it or end it, then try again
  | "capture/slot-lost" // the database gave up the WAL of our slot: capture declares a gap and starts a new one
  | "capture/slot-given-up" // the source kept too much of its log for us: capture gave its slot up and declares a gap; see wal_give_up
  | "capture/no-tables" // no table can be captured: see `source check`
  | "capture/table-refused" // the table has no usable identity: run the printed SQL or exclude it
  | "capture/stream-failed" // the database refused what streaming needs; the message holds its SQLSTATE: see `source check`
  | "capture/catalog-changed" // a type appeared while streaming: capture reads the catalog again and goes on
  | "capture/table-held" // another session holds a table that is to be published (VACUUM, an index being built, a migration): a capture that runs tries again by itself; otherwise start it again when that has ended
  // what the source sends
  | "capture/malformed-message" // a replication message cut off or out of form: report it
  | "capture/unknown-message" // a replication message of a kind this version does not know: upgrade
  | "capture/malformed-row" // a row in COPY form that PostgreSQL would not write: report it
  | "capture/row-too-large" // one row is larger than this version can commit to: exclude the table
  // what a sender pushes
  | "capture/malformed-push" // a pushed message is not Debezium's envelope: the whole request was refused
  | "capture/push-needs-key" // a pushed row cannot be named: let the sender send keys, or name them in anamnesis.toml
  | "capture/push-full" // too much waits for the ledger: the sender repeats its request later
  | "capture/reads-not-logged" // the server does not write reads into its log: run the SQL that `source check` prints
  | "capture/log-unreadable" // the database's log cannot be read: check its path and who may read it, see `source check`
  // our own stores
  | "capture/damaged-store" // the key store, index or progress file is damaged: restore it (keys) or delete it (index)
  | "capture/disk-full" // free space where the data folder lies: capture goes on by itself, nothing is lost
  | "capture/store-version" // the store was written by a newer version: upgrade
  | "capture/unknown-patient" // nothing of a patient with this id was captured: give the id as the database has it
  | "capture/erased" // the subject's key was destroyed: by design nothing brings it back
  // the ledger's side
  | "capture/refused-batch" // the ledger refused a batch: the message names its code
  | "capture/foreign-position" // the ledger's position does not fit this source: check organisation and source names
  | "capture/timeout" // a wait took longer than its limit: the message says which
  | "capture/stopped"; // stopped on request

export function captureError(
  code: CaptureErrorCode,
  message: string,
  details?: Details,
  options?: ErrorOptions,
): AnamnesisError<CaptureErrorCode> {
  return new AnamnesisError(code, message, details ?? {}, options);
}
