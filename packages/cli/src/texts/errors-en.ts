/** What happened and what to do, for every code: the type makes the list complete. */
import type { AnyErrorCode, ErrorText } from "../errors.ts";
import { contractErrorsEn } from "./contract-errors-en.ts";
import { outsideErrorsEn } from "./outside-errors-en.ts";

export const errorsEn: Readonly<Record<AnyErrorCode, ErrorText>> = {
  ...contractErrorsEn,
  ...outsideErrorsEn,
  "core/invariant": {
    text: "Something inside Anamnesis is not as it must be",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "core/bad-encoding": {
    text: "Some bytes are not in the expected form",
    remedy: "Fetch the file again, or use the version of Anamnesis that wrote it.",
  },
  "core/bad-identifier": {
    text: "A name does not fit the rules for names",
    remedy: "Use 1 to 32 of a-z, 0-9 and inner hyphens, for example hospital-nord.",
  },
  "crypto/unknown-suite": {
    text: "The signature suite is not known to this version",
    remedy: "Update Anamnesis, or sign with a suite that it knows.",
  },
  "crypto/bad-key": {
    text: "A key has the wrong length",
    remedy: "Restore the key file from your copy.",
  },
  "crypto/bad-field": {
    text: "A field of a commitment is outside its range",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "crypto/bad-length": {
    text: "Too many random bytes were asked for at once",
    remedy: "This is a fault of ours: report it with this text.",
  },
  "crypto/no-random": {
    text: "This platform has no source of strong randomness",
    remedy: "Do not run Anamnesis here.",
  },
  "ledger/malformed": {
    text: "Something is not in the format of the ledger",
    remedy: "Fetch or export the file again; it may be cut off or of another version.",
  },
  "ledger/too-large": {
    text: "Something is larger than the ledger allows",
    remedy: "Split the batch: at most 4,096 events and 600 KiB.",
  },
  "ledger/wrong-chain": {
    text: "A transaction names another ledger",
    remedy: "Check which data folder and which ledger belong together.",
  },
  "ledger/unknown-kind": {
    text: "The ledger does not know this kind of transaction",
    remedy: "Use the same version of Anamnesis everywhere.",
  },
  "ledger/unknown-suite": {
    text: "The signature suite is not known to this ledger",
    remedy: "Sign with a suite of genesis, or update Anamnesis.",
  },
  "ledger/unknown-key": {
    text: "The signing key belongs to no member",
    remedy: "Check that keys/ and genesis.json come from the same folder.",
  },
  "ledger/key-suspended": {
    text: "The organisation of this key is suspended",
    remedy: "Nothing it signs is accepted until the members reinstate it (anamnesis propose reinstate).",
  },
  "ledger/key-retired": {
    text: "This key was replaced or withdrawn",
    remedy: "Sign with the organisation's current key: see anamnesis members.",
  },
  "ledger/bad-signature": {
    text: "A signature is wrong",
    remedy: "The data was altered on its way, or signed with another key: fetch it again.",
  },
  "ledger/nonce-repeated": {
    text: "A transaction number was used before",
    remedy: "Do not run two nodes on one data folder; start the command again.",
  },
  "ledger/not-refused": {
    text: "A transaction cannot be refused on the ledger, because nothing speaks against it",
    remedy: "Nothing to do: the node submits the transaction itself.",
  },
  "ledger/expired": {
    text: "A transaction came too late",
    remedy: "Check the clock of this machine, then try again.",
  },
  "ledger/bad-genesis": {
    text: "The founding document is not complete, or contradicts itself",
    remedy: "Have every founder sign it (anamnesis genesis sign); each key may stand in it once.",
  },
  "ledger/damaged-store": {
    text: "The ledger's store contradicts its own checkpoint",
    remedy: "Nothing is served from it. Restore the ledger/ folder from a copy.",
  },
  "ledger/other-format": {
    text: "The ledger's store was written by another version of Anamnesis",
    remedy:
      "Nothing is lost. Let the version that wrote it export the log (anamnesis log export), or use another member's node; set ledger/ledger.sqlite aside (with its -wal and -shm, if they are there), leave last-checkpoint where it is, and run anamnesis log import.",
  },
  "ledger/damaged-tile": {
    text: "A piece of the log does not fit the tree above it",
    remedy: "Restore the ledger from a copy, or fetch the piece again.",
  },
  "ledger/pruned": {
    text: "These entries were dropped from this ledger (`anamnesis log prune`)",
    remedy:
      "Take them from an export of the log, from an archive or from another member. A member that is behind starts from a snapshot: `anamnesis log restore`.",
  },
  "ledger/not-archived": {
    text: "Nobody else is known to hold the entries that are to be dropped",
    remedy: "Run `anamnesis log export`, then name its folder with --archive; keep that folder.",
  },
  "ledger/bad-snapshot": {
    text: "The snapshot cannot be used",
    remedy: "Nothing was changed. Take another snapshot, or copy this one again.",
  },
  "ledger/rolled-back": {
    text: "The log is older than, or contradicts, a checkpoint seen before",
    remedy: "Find out who replaced it; compare with your exports and copies.",
  },
  "ledger/disk-full": {
    text: "The disk is full",
    remedy: "Free some space. Nothing acknowledged is lost; work goes on by itself.",
  },
  "ledger/locked": {
    text: "Another process orders this ledger",
    remedy: "Stop it first, or use commands that only read.",
  },
  "ledger/no-ledger": {
    text: "There is no ledger in this folder",
    remedy:
      "Run `anamnesis init DIR --org NAME`. A node that follows another one fetches the ledger when it is started.",
  },
  "ledger/closed": {
    text: "The ledger was closed",
    remedy: "Start the command again.",
  },
  "ledger/busy": {
    text: "The ledger has more to do than it can queue",
    remedy: "Try again in a moment.",
  },
  "ledger/bad-checkpoint": {
    text: "The checkpoint's signature or form is wrong",
    remedy: "Make sure that checkpoint and genesis belong to the same ledger, and fetch it again.",
  },
  "ledger/unwitnessed": {
    text: "Fewer witnesses than demanded have cosigned the log, or too long ago",
    remedy:
      "Ask the log's operator which witnesses it uses, and whether they answer. A log that its witnesses do not cosign may be shown to you alone.",
  },
  "ledger/bad-proof": {
    text: "The proof does not lead to the checkpoint",
    remedy: "Do not trust it. Ask for a new proof and compare the checkpoints.",
  },
  "ledger/not-sealed": {
    text: "Too few members cosigned the checkpoint",
    remedy: "Ask any member's node for a checkpoint that more than two thirds of the members have cosigned.",
  },
  "ledger/broken-chain": {
    text: "The trust chain does not lead from one set of members to the next",
    remedy: "Ask for the whole chain again, from another member too. Do not trust what rests on this one.",
  },
  "ledger/bad-evidence": {
    text: "The file convicts nobody",
    remedy: "Whoever made it accuses falsely, or left out what proves it: do not rely on it.",
  },
  "node/no-folder": {
    text: "This is not a data folder",
    remedy: "Name the right one with --dir, or make one: `anamnesis init DIR --org NAME`.",
  },
  "node/no-genesis": {
    text: "The data folder has no genesis.json",
    remedy:
      "Restore genesis.json from a copy: nothing is lost, and it is no secret. A folder made with --join gets it by anamnesis init DIR --genesis FILE.",
  },
  "node/no-orderer": {
    text: "Nobody is known who orders this ledger",
    remedy:
      "Write [orderer] with url and token into anamnesis.toml: the address of the node that orders, and the entries_token from its anamnesis.toml, which its operators give you.",
  },
  "node/no-registry": {
    text: "This ledger has no registry of members",
    remedy: "It was founded by another contract: use the software that made it.",
  },
  "node/folder-not-empty": {
    text: "The folder is not empty",
    remedy: "Name a new or empty folder.",
  },
  "node/half-made-folder": {
    text: "This data folder was never finished",
    remedy: "Run the same `anamnesis init` again: nothing in it was ever acknowledged.",
  },
  "node/already-made": {
    text: "The data folder is there already",
    remedy: "Use it, or name another folder.",
  },
  "node/bad-config": {
    text: "anamnesis.toml cannot be used",
    remedy: "Correct the place that is named.",
  },
  "node/bad-key-file": {
    text: "A key file is missing or damaged",
    remedy: "Restore it from your copy of keys/.",
  },
  "node/unknown-source": {
    text: "No such source",
    remedy: "See `anamnesis source list`, or add it with `anamnesis source add`.",
  },
  "node/source-exists": {
    text: "The source is configured already",
    remedy: "Choose another name, or edit anamnesis.toml.",
  },
  "node/bad-url": {
    text: "The address is not one of a database that can be captured",
    remedy: "Write it as postgres://user:password@host:port/database or mariadb://user:password@host:port/database.",
  },
  "node/missing-variable": {
    text: "anamnesis.toml refers to an environment variable that is not set",
    remedy: "Set the variable, then run the command again.",
  },
  "node/no-access": {
    text: "This account may not read or write the folder",
    remedy: "Correct the owner and rights of the folder, or use the account that made it.",
  },
  "node/disk-full": {
    text: "The disk is full",
    remedy: "Free some space, then try again. Nothing acknowledged is lost.",
  },
  "node/not-captured": {
    text: "This source was never captured",
    remedy: "Run `anamnesis capture NAME --until-caught-up` or `anamnesis node` first.",
  },
  "node/pushed-source": {
    text: "Changes of this source are pushed: there is no database to ask",
    remedy: "See `anamnesis history` and `anamnesis log verify` for what the ledger holds, and spec/debezium.md.",
  },
  "node/bad-mapping": {
    text: "A query of the misuse mapping does not give what is asked of it",
    remedy: "Correct it under [source.NAME.misuse] in anamnesis.toml; docs/misuse.md lists the columns.",
  },
  "misuse/bad-rules": {
    text: "The rules are no rules document",
    remedy: "Start from what `anamnesis misuse --show-rules` prints.",
  },
  "misuse/unknown-rule": {
    text: "The rules name a rule that does not exist",
    remedy: "Correct the name: `anamnesis misuse --show-rules` lists all.",
  },
  "misuse/unknown-parameter": {
    text: "The rules set a parameter that does not exist",
    remedy: "Correct the name: `anamnesis misuse --show-rules` lists all.",
  },
  "misuse/bad-parameter": {
    text: "A parameter of the rules has the wrong type or is out of range",
    remedy: "Give it a value within the range that the message names.",
  },
  "node/unknown-row": {
    text: "The ledger knows no event of this row",
    remedy: "Check the table (schema.table) and the key (values joined by |).",
  },
  "node/no-checkpoint": {
    text: "The proof brings no checkpoint of its own",
    remedy: "Name one from elsewhere with --checkpoint, or ask for a proof with its seal.",
  },
  "node/bad-proof-index": {
    text: "No event stands at that place of the log",
    remedy: "Take an index that `anamnesis history` shows.",
  },
  "node/not-a-witness": {
    text: "The folder cannot be used as this witness",
    remedy: "Name the folder of the witness with --dir, or make a new one with --name.",
  },
  "node/damaged-memory": {
    text: "What this witness or monitor has seen before is gone or damaged",
    remedy:
      "Restore its folder from a copy. Without one, make a new witness with a new key, or a new monitor: never let the old key start over.",
  },
  "node/unconfirmed": {
    text: "What cannot be checked here has to be confirmed",
    remedy: "Make sure of it, then repeat the command with --yes.",
  },
  "node/cut-off": {
    text: "The member that orders the ledger cannot be reached: this node serves what it verified last, and what it captures waits.",
    remedy: "Check the network and [orderer] in anamnesis.toml. Nothing is lost: it catches up by itself.",
  },
  "node/stopped": {
    text: "It was stopped before it was done",
    remedy: "Run it again: it continues where it was.",
  },
  "cli/usage": {
    text: "The command line is not understood",
    remedy: "See --help.",
  },
  "cli/unreadable-file": {
    text: "A file cannot be read",
    remedy: "Check its name and rights.",
  },
  "cli/unwritable-file": {
    text: "A file cannot be written",
    remedy: "Check the folder, its rights and the free space.",
  },
  "cli/no-sandbox": {
    text: "No sandbox is running in that folder",
    remedy: "Run `npm start` in another terminal first.",
  },
  "cli/sandbox-folder": {
    text: "The folder holds something else than a sandbox",
    remedy: "Choose another folder with --dir.",
  },
  "cli/sql-failed": {
    text: "The database refused the statement",
    remedy: "Correct the statement; nothing of its transaction was kept.",
  },
  "cli/demo-failed": {
    text: "The demonstration found something that does not hold",
    remedy: "Report it with the output above and the seed.",
  },
  internal: {
    text: "Something unexpected went wrong",
    remedy: "Set ANAMNESIS_DEBUG=1 to see more, and report it.",
  },
  "ledger/exists": {
    text: "The folder already holds a ledger",
    remedy: "Choose another folder.",
  },
  "ledger/bad-block": {
    text: "A block contradicts the contract or the state",
    remedy: "The log was not made by an honest engine: find out who replaced it.",
  },
  "node/capture-failed": {
    text: "Capture met an error it does not know",
    remedy: "Set ANAMNESIS_DEBUG=1 to see more, and report it.",
  },
};
