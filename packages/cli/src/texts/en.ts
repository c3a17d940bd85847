/** All texts for people, in English. The shape of this object is the shape of every other language. */

import { attacksEn } from "./attacks-en.ts";
import { copiesEn } from "./copies-en.ts";
import { eraseEn } from "./erase-en.ts";
import { errorsEn } from "./errors-en.ts";
import { evidenceEn } from "./evidence-en.ts";
import { legalEn } from "./legal-en.ts";
import { membersEn } from "./members-en.ts";
import { misuseEn } from "./misuse-en.ts";
import { monitorEn } from "./monitor-en.ts";
import { organisationsEn } from "./organisations-en.ts";
import { sourceEn } from "./source-en.ts";
import { witnessEn } from "./witness-en.ts";

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export const en = {
  errors: errorsEn,
  misuse: misuseEn,
  copies: copiesEn,
  members: membersEn,
  organisations: organisationsEn,
  witness: witnessEn,
  monitor: monitorEn,
  evidence: evidenceEn,
  source: sourceEn,

  program: {
    about:
      "Puts a commitment to every change of a hospital's database on a tamper-evident ledger, and says exactly which rows are no longer what the ledger vouches for.",
    examples: "Examples",
    usage: "Usage:",
    options: "Options:",
    arguments: "Arguments:",
    commands: "Commands:",
    help: "show help",
    defaultIs: (value: string) => ` (default: ${value})`,
    version: "show the version",
    lang: "language of the texts: en or zh (default: from LANG)",
    remedy: "What to do",
    exitCodes: "Exit codes: 0 clean, 1 findings, 2 could not do it.",
  },

  options: {
    dir: "the data folder",
    json: "print one JSON document on standard output",
    table: "only this table (schema.table)",
    key: "only the row with this key (values joined by |)",
    source: "name of the source",
    port: "port for HTTP on 127.0.0.1",
  },

  commands: {
    init: {
      about: "make a data folder: keys, configuration, an empty ledger",
      org: "name of the organisation, as people write it",
      id: "its id on the ledger (default: made from the name)",
      chain: "name of the ledger (default: the id)",
    },
    source: "the databases that are captured",
    sourceAdd: {
      about: "add a database",
      url: "its address: postgres://user:password@host:port/database, mariadb://…, or debezium: for changes that are pushed",
      tables: "which tables, as patterns (default: every table outside the system schemas)",
      exclude: "which tables not",
    },
    sourceCheck: {
      about: "say what capture needs and would see, without changing anything",
      apply: "run the preparation statements that are shown",
    },
    sourceAccept: {
      about: "accept rows as they are, with a reason that stays on the ledger and in every report",
      allFindings: "every row of the table that is not as the ledger vouches for",
      reason: "a code for the ledger, such as RESTORED: up to 32 letters, digits and . _ : -",
      note: "words for people; they stay in this folder",
    },
    sourceMove: { about: "the database is another one from now on: a restored copy, an upgrade, a new server" },
    sourceList: { about: "list the configured databases" },
    node: { about: "run capture, ledger and HTTP until stopped" },
    capture: {
      about: "capture one source: snapshot or resume",
      untilCaughtUp: "exit as soon as everything committed by now is on the ledger",
    },
    verify: {
      about:
        "compare a database with what the ledger vouches for; exit code 0: all as vouched for, 1: findings, 2: could not be verified",
      fromLog: "trust no local cache: rebuild it from the ledger's entries first",
      unattributed: "also list events whose actor is unknown",
    },
    history: {
      about: "the life of one row, with proofs",
      proof: "also write the proof of its newest event to this file",
    },
    log: "the ledger itself",
    logVerify: {
      about: "check every tile, root and signature",
      url: "a log served over HTTP instead of a folder",
      dir: "a data folder, a snapshot, or a folder that `log export` wrote",
      token: "the members' token for entries, with --url",
    },
    logExport: { about: "write checkpoint, tiles and entries as plain files", out: "folder to write to" },
    proof: "proof files",
    proofCheck: {
      about: "check a proof or evidence offline: needs neither node nor database",
      file: "the proof or evidence file",
      checkpoint: "file or address of the checkpoint to check against; not needed for proofs that bring their seal",
      genesis: "genesis.json of the ledger: checks the checkpoint's signature and who signed the batch",
      vkey: "the log's verifier key, instead of the genesis",
    },
    status: { about: "what the node is doing" },
    start: {
      about: "a living sandbox: a simulated hospital with everything running over it",
      dir: "folder of the sandbox; it survives a restart",
      patients: "patients to invent on the first start",
      writes: "writes per second of the simulated ward",
      seed: "seed of everything random",
    },
    demo: {
      about: "the whole story as a script that checks itself and ends",
      dir: "keep the state in this folder (default: a temporary one)",
      seed: "seed of everything random",
    },
    sandbox: "tools for the sandbox",
    sandboxSql: {
      about: "run SQL on the sandbox's database, as its administrator would",
      sql: "one or more statements",
    },
  },

  init: {
    made: (dir: string) => `Made the data folder ${dir}`,
    what: {
      "anamnesis.toml": "configuration, with comments",
      "organisation.json":
        "who this organisation is and its public keys: for the others, when a ledger is founded or joined together",
      "genesis.json": "who founded this ledger and which keys count: give it to everybody who shall check proofs",
      keys: "private keys: back them up, show them to nobody",
      ledger: "the ledger",
      sources: "one folder for each database: row index (a cache) and subject keys (back them up apart)",
    } as Readonly<Record<string, string>>,
    next: "Next",
  },

  capture: {
    snapshot: (table: string, rows: number) => `snapshot of ${table}: ${count(rows, "row")}`,
    streaming: (events: number) => `streaming: ${count(events, "event")}`,
    caughtUp: (events: number, seconds: string) => `Caught up: ${count(events, "event")} in ${seconds} s`,
    stopped: "Stopped.",
    kept: {
      fine: (mebibytes: number) => `the database keeps ${mebibytes} MiB of its log for us: all is well again`,
      warn: (mebibytes: number) =>
        `the database keeps ${mebibytes} MiB of its log for us, on its own disk: see what keeps capture from following`,
      "give-up": (mebibytes: number) =>
        `the database kept ${mebibytes} MiB of its log for us: its slot is given up, and the gap is declared on the ledger`,
    },
  },

  node: {
    serving: (url: string) => `Serving the log at ${url}`,
    capturing: (name: string) => `Capturing ${name}`,
    stopHint: "Ctrl-C stops it.",
    stopping: "Stopping …",
    stopped: "Stopped.",
    retry: (name: string, code: string) =>
      code === "capture/catalog-changed"
        ? `The tables of ${name} changed; reading their layout again`
        : `Capture of ${name} failed (${code}); trying again`,
  },

  verify: {
    waiting: "waiting until capture has passed the barrier",
    missing: "looking for rows that are gone",
    rebuilding: "rebuilding the index from the ledger's entries",
    clean: (rows: number) =>
      rows === 0
        ? "Clean: no row is here, and the ledger vouches for none."
        : rows === 1
          ? "Clean: the one row is what the ledger vouches for."
          : `Clean: all ${rows} rows are what the ledger vouches for.`,
    found: (n: number) => count(n, "finding"),
    manyRows: (n: number) => count(n, "row"),
    contradicted: (event: number, time: string) =>
      `altered before event ${event} (${time}), which took the alteration over`,
    valueUnknown: "it left out a large value that was not known",
    pending: "capture is going through this table, which is new or has changed",
    accepted: (n: number) => `${count(n, "row")} accepted with a reason:`,
    acceptedGone: "gone",
    acceptedAsIs: "as it is",
    columnsChanged: (last: number | null) => `columns changed${last === null ? "" : ` since event ${last}`}`,
    notCovered: (tables: string) => `not covered: ${tables}`,
    notCoveredBecause: {
      "no-identity": "no key, or an identity that names no row: see `source check`",
      unlogged: "unlogged: its writes are not in the database's log",
      new: "new table: not captured yet",
    },
    andMore: (n: number) => `and ${n} more`,
    mode: { cache: "from the local cache", "from-log": "from the ledger's entries" },
    modeLabel: "mode",
    position: "position",
    checkpoint: "checkpoint",
    seconds: "seconds",
    rows: "rows",
    more: (n: number) => `and ${n} more; --json lists all`,
    kind: {
      altered: "altered",
      missing: "missing",
      unexplained: "unexplained",
      erased: "erased",
      unvouched: "unvouched",
    },
    columns: { finding: "FINDING", table: "TABLE", key: "KEY", last: "LAST VOUCHED BY" },
    event: (index: number, time: string, actor: string) => `event ${index}, ${time}, ${actor}`,
    equals: (older: number, newest: string) => `as event ${older}, not ${newest}`,
    putBack: (n: number) =>
      n === 1
        ? "1 row holds what an older event says: it was put back."
        : `${n} rows hold what older events say: they were put back.`,
    noEvent: "no event",
    unknownActor: "unknown actor",
    unattributed: (n: number) =>
      n === 1
        ? "1 event by an unknown actor (an ordinary write nobody signed for; not a finding)"
        : `${n} events by unknown actors (ordinary writes nobody signed for; not findings)`,
    erasedNote: (n: number) =>
      n === 1
        ? "1 row erased: its key was destroyed, nothing can be said about it"
        : `${n} rows erased: their keys were destroyed, nothing can be said about them`,
  },

  history: {
    of: (table: string, key: string) => `History of ${table} ${key}`,
    columns: { index: "EVENT", time: "TIME", kind: "KIND", actor: "WHO", purpose: "WHY", proof: "PROOF" },
    proved: "✓",
    proofWritten: (file: string) => `Wrote the proof of the newest event to ${file}`,
    onlyTheLedger: (command: string) =>
      `✓ = stands in the log. Whether the row still is what the last event says: ${command}`,
  },

  log: {
    ok: (size: number, root: string) => `Sound: ${count(size, "leaf", "leaves")}, root ${root}`,
    problems: (n: number) => count(n, "problem"),
    counts: (blocks: number, commands: number, events: number) =>
      `${count(blocks, "block")}, ${count(commands, "command")}, ${count(events, "event")}`,
    exported: (size: number, out: string) => `Exported ${count(size, "leaf", "leaves")} to ${out}`,
    firstUse: "Believed the log's own founding document: give --genesis to check against one you trust.",
    checking: "checking",
    exporting: "exporting",
  },

  proof: {
    holds: "The proof holds.",
    holdsUnsigned: "The proof holds for this checkpoint; who signed it was not checked.",
    holdsUnauthored:
      "The proof holds and the log signed the checkpoint; which member signed the event was not checked.",
    fails: "The proof does not hold.",
    done: "checked",
    notDone: "not checked",
    checks: {
      leaf: "the event is the one in the file",
      inclusion: "the event stands in the log of this checkpoint",
      "checkpoint-signature": "the checkpoint is signed by the log's key",
      seal: "the members sealed the checkpoint, and the trust chain leads to them",
      batch: "the event belongs to its signed batch",
      authorship: "the batch is signed by a member's key",
    } as Readonly<Record<string, string>>,
    noKey: "neither --genesis nor --key was given",
    noGenesis: "no genesis was given: nobody says whose key it is",
    laterKey:
      "the genesis names no such key: a member's later key, or nobody's. A sealed proof says whose: make it again once the event is sealed",
    noAuthorship: "the proof file holds no authorship",
    noTiles:
      "the checkpoint has another size and no tiles are beside it: export the log, or give the address of the log",
    sealed: (cosigned: number, of: number, epoch: number) => `sealed by ${cosigned} of ${of}, epoch ${epoch}`,
    event: (index: number, kind: string, source: string, time: string) =>
      `event ${index}: ${kind} at ${source}, ${time}`,
  },

  status: {
    running: "a node is running",
    notRunning: "no node is running",
    events: "events",
    checkpoint: "checkpoint",
    lag: "lag",
    passed: "passed",
    reads: (n: number, newest: string) => `${count(n, "read")} on the ledger, the newest of ${newest}`,
    goingThrough: {
      first: (table: string) => `${table} is being read for the first time`,
      columns: (table: string) => `${table} is being gone through again: its columns changed`,
      labels: (table: string) => `${table} is being gone through again: labels were renamed`,
      key: (table: string) => `${table} is being gone through again: its rows have another key`,
    },
  },

  start: {
    title: "Anamnesis sandbox",
    database: "starting PostgreSQL",
    filling: (done: number, total: number) => `inventing the hospital: ${done} of ${total} patients`,
    preparing: "making the data folder",
    snapshotting: "first snapshot",
    ready: (url: string) => `log at ${url}`,
    verified: (rows: number, seconds: string, ago: string) =>
      `verified ${count(rows, "row")} in ${seconds} s, ${ago} ago: clean`,
    verifiedFindings: (n: number, ago: string) => `verification ${ago} ago: ${count(n, "finding")}`,
    notVerified: "first verification is running",
    verifyFailed: (code: string) => `verification could not be done (${code})`,
    labels: {
      events: "events",
      lag: "lag",
      checkpoint: "checkpoint",
      verification: "verification",
      unknown: "unknown actors",
      ward: "ward",
      reads: "reads",
      uptime: "up",
    },
    perSecond: "per second",
    reads: (r: { readonly told: number; readonly lagMs: number; readonly problem: string | undefined }) =>
      `${r.told} found in the server's log, ${r.lagMs.toFixed(0)} ms behind${r.problem === undefined ? "" : ` [${r.problem}]`}`,
    writes: (n: number) => count(n, "row write"),
    tryNext: "Try next",
    tryTamper: "raise a dose behind capture's back, as an insider with rights could:",
    tryVerify: "then look for it:",
    tryHistory: "and read that row's life:",
    tryLog: "check the ledger itself:",
    stop: "Ctrl-C stops everything.",
    stopped: "Everything is stopped. The folder keeps its state.",
  },

  demo: {
    title: "A hospital, its ledger, and an insider",
    hospital: (patients: number, rows: number, seconds: string) =>
      `A PostgreSQL with ${patients} invented patients (${rows} rows) is running after ${seconds} s.`,
    snapshot: (events: number, seconds: string) => `Snapshot: ${events} baselines on the ledger in ${seconds} s.`,
    ward: (writes: number) => `The ward works: ${writes} legal row writes while the insider is at it.`,
    planted: (n: number, kinds: string) => `An insider altered ${count(n, "row")} behind capture: ${kinds}.`,
    found: (found: number, planted: number, seconds: string) =>
      `verify, under load, found ${found} of ${planted} one by one in ${seconds} s (table, key and kind).`,
    falseAlarms: (n: number) => `False alarms: ${n}.`,
    unknown: (n: number) => `Ordinary SQL by an administrator is an event, its actor unknown: ${n} of them.`,
    cacheFooled: "A rolled-back local cache fooled verify; --from-log was not fooled.",
    cacheNotFooled: "The rolled-back cache did not behave as expected.",
    proof: "One event's proof was exported and holds offline.",
    log: (leaves: number) => `Every tile, root and signature of the ledger holds: ${leaves} leaves.`,
    good: (seconds: string) => `Everything held, in ${seconds} s.`,
    bad: (what: string) => `This did not hold: ${what}`,
    kept: (dir: string) => `The state is kept in ${dir}`,
  },

  attacks: attacksEn,
  erase: eraseEn,

  legal: legalEn,

  sandbox: {
    rows: (n: number) => count(n, "row"),
    done: (command: string, n: number) => `${command}${n > 0 ? ` ${n}` : ""}`,
  },
};

export type Texts = typeof en;
