/** The text of `anamnesis.toml` as we write it: with comments for the people who will edit it. */

export interface NewFolder {
  readonly chain: string;
  readonly organisation: string;
  readonly displayName: string;
  readonly port: number;
  readonly entriesToken: string;
}

const quoted = (text: string): string => JSON.stringify(text).replaceAll("\u007f", "\\u007f");
const list = (items: readonly string[]): string => `[${items.map(quoted).join(", ")}]`;

export function configText(folder: NewFolder): string {
  return `# Anamnesis: the data folder of one organisation. This file may hold passwords: keep it readable by its owner only.
# Times, keys and the history itself stand elsewhere in this folder; nothing here changes what was recorded.

version = 1

# Name of the ledger and of this organisation on it. Both stand in genesis.json and in every checkpoint: do not change them.
# Display name: ${folder.displayName.replaceAll(/[^\p{L}\p{N} .,'()&-]/gu, "?")}
chain = ${quoted(folder.chain)}
organisation = ${quoted(folder.organisation)}

[gateway]
# Where \`anamnesis node\` serves the log. Checkpoint and hash tiles are for everybody who reaches this address.
host = "127.0.0.1"
port = ${folder.port}
# Entries (pseudonymous events) are only for members who send "Authorization: Bearer <this>".
entries_token = ${quoted(folder.entriesToken)}

# Outside witnesses (\`anamnesis witness\`, or any of C2SP tlog-witness): each is offered every checkpoint, and what they cosigned is
# served at /witnessed. The key is what \`anamnesis witness key\` prints.
# [witness.w1]
# url = "https://witness.example/w1"
# key = "witness.example/w1+…"

# Several organisations on one ledger. A node that does not order names the one that does; the token is that node's entries_token.
# [orderer]
# url = "https://orderer.example"
# token = "…"
# Every node names the others, by the ids of their organisations: the one that orders collects their cosignatures, one that follows
# asks them when leaves are withheld.
# [members]
# sued = "https://sued.example"

# Sources: one section for each database that is captured, written by \`anamnesis source add\`.
`;
}

export interface NewSource {
  readonly name: string;
  readonly url: string;
  readonly tables: readonly string[];
  readonly exclude: readonly string[];
}

/** @param pushToken for changes that are pushed: what the sender must show */
export function sourceText(source: NewSource, pushToken: string): string {
  return source.url === "debezium:" ? pushedText(source, pushToken) : databaseText(source);
}

function pushedText(source: NewSource, token: string): string {
  return `
[source.${source.name}]
# Changes are pushed by a Debezium: POST /sources/${source.name}/debezium with "Authorization: Bearer <push_token>" (spec/debezium.md).
url = "debezium:"
push_token = ${quoted(token)}
# Key columns, where the sender's messages come without key.
# keys = { "public.visits" = ["id"] }
# Which columns name the patient, where detection is wrong. [] = about nobody.
# subjects = { "public.visits" = ["pat_no"], "public.beds" = [] }
`;
}

function databaseText(source: NewSource): string {
  return `
[source.${source.name}]
# A password may also come from the environment: postgres://user:\${EHR_PASSWORD}@host/database
url = ${quoted(source.url)}
# Which tables: patterns over schema.table, where * stands for any text.
tables = ${list(source.tables)}
exclude = ${list(source.exclude)}
# How much of its log the database may keep while capture runs and cannot follow: from here on it warns, from there on it gives
# its place up (the hole is declared on the ledger). For the time when capture is down, set max_slot_wal_keep_size in the database.
# wal_warn = "1GB"
# wal_give_up = "8GB"
# Which columns name the patient, where detection is wrong (see \`anamnesis source check\`). [] = about nobody.
# subjects = { "public.visits" = ["pat_no"], "public.beds" = [] }
# Reads, from the server's log (pgaudit or auto_explain; see spec/reads.md and \`anamnesis source check\`):
# [source.${source.name}.reads]
# log = "/var/log/postgresql"       # folder with the .json files
# mode = "pgaudit"                  # or "auto_explain"
# applications = ["his"]            # logins that may name the person they work for, in application_name or a comment
# actor = "^([^ ]+) "               # pattern over application_name: the first group is the person
# window = 60                       # seconds in which the same access counts once
`;
}
