import { AnamnesisError, type Details } from "@anamnesis/core";

/** What can be wrong with a member's folder or with what it is asked to do. The comment tells the remedy. */
export type NodeErrorCode =
  | "node/no-folder" // no data folder there: run `anamnesis init DIR`, or name the right one
  | "node/no-genesis" // genesis.json is gone: restore it from a copy; it is no secret
  | "node/no-orderer" // name the node that orders in [orderer] of anamnesis.toml
  | "node/no-registry" // the ledger knows no organisations: it was founded by another contract
  | "node/folder-not-empty" // `init` only works in an empty or new folder: name another one
  | "node/half-made-folder" // an `init` was cut off: run it again; nothing in it was ever acknowledged
  | "node/already-made" // the folder is complete: use it, or name another one
  | "node/bad-config" // anamnesis.toml cannot be read: correct the line that the message names
  | "node/bad-key-file" // a file in keys/ is missing or damaged: restore it from your copy
  | "node/unknown-source" // no such source in anamnesis.toml: see `anamnesis source list`
  | "node/source-exists" // a source of that name is configured already: choose another name, or edit anamnesis.toml
  | "node/bad-url" // not an address of a PostgreSQL database: postgres://user:password@host:port/database
  | "node/missing-variable" // anamnesis.toml refers to an environment variable that is not set
  | "node/no-access" // the folder or a file in it has the wrong owner or rights
  | "node/disk-full" // free space: nothing acknowledged is lost
  | "node/not-captured" // the source was never captured: run `anamnesis capture` or `anamnesis node` first
  | "node/pushed-source" // changes of this source are pushed: there is no database to ask; see spec/debezium.md
  | "node/capture-failed" // capture met an error it does not know: report it, with ANAMNESIS_DEBUG=1
  | "node/bad-mapping" // a query of [source.NAME.misuse] fails or gives other columns than docs/misuse.md lists: correct it
  | "node/unknown-row" // the ledger has no event of this row: check table and key
  | "node/no-checkpoint" // the proof brings no checkpoint of its own: name one with --checkpoint
  | "node/bad-proof-index" // no event stands at that index of the log
  | "node/not-a-witness" // the folder is not that of a witness, or of another one: name the right one, or make one with --name
  | "node/damaged-memory" // what a witness or monitor remembers is gone or damaged: restore its folder from a copy
  | "node/cut-off" // the orderer cannot be reached: reading goes on, submitting waits; check network and [orderer]
  | "node/unconfirmed" // something that cannot be checked has to be answered for: read what it is, then repeat with --yes
  | "node/stopped"; // asked to stop before the work was done

export function nodeError(
  code: NodeErrorCode,
  message: string,
  details: Details = {},
  cause?: unknown,
): AnamnesisError<NodeErrorCode> {
  return new AnamnesisError(code, message, details, cause === undefined ? undefined : { cause });
}

/** Gives a file-system failure the code that tells what to do; anything else passes through unchanged. */
export function explainFile(problem: unknown, what: string): unknown {
  if (problem instanceof AnamnesisError || !(problem instanceof Error) || !("code" in problem)) return problem;
  switch (problem.code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
      return nodeError("node/no-access", `${what}: this account may not write or read there`, {}, problem);
    case "ENOSPC":
    case "EDQUOT":
      return nodeError("node/disk-full", `${what}: the disk is full`, {}, problem);
    case "ENOENT":
      // A recursive mkdir on a read-only file system answers so.
      if (!("syscall" in problem) || problem.syscall !== "mkdir") return problem;
      return nodeError("node/no-access", `${what}: no folder can be made there`, {}, problem);
    default:
      return problem;
  }
}
