/** `anamnesis proof check FILE`: offline, says which checks were made and which were not; tells evidence from proofs by itself. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fromUtf8, toHex } from "@anamnesis/core";
import { fileFetcher, httpFetcher } from "@anamnesis/gateway";
import { EVIDENCE_BYTES_MAX, type Genesis, genesisFromJson, isEvidence } from "@anamnesis/ledger";
import { type Check, checkEvidenceFile, checkProofFile, type FetchTile, type ProofVerdict } from "@anamnesis/node";
import type { Command } from "commander";
import { readNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import { evidenceDocument, showEvidence } from "../output/evidence.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import { isoTime } from "../output/time.ts";
import type { Runner } from "../runner.ts";
import type { Texts } from "../texts/en.ts";

interface Options {
  readonly checkpoint?: string;
  readonly genesis?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export function registerProof(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  const proof = program.command("proof").description(commands.proof);
  proof
    .command("check")
    .description(commands.proofCheck.about)
    .argument("<file>", commands.proofCheck.file)
    .option("--checkpoint <file|url>", commands.proofCheck.checkpoint)
    .option("--genesis <file>", commands.proofCheck.genesis)
    .option("--key <vkey>", commands.proofCheck.vkey)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(runner.texts, "proof check p.proof --checkpoint export/checkpoint --genesis genesis.json"),
    )
    .action((file: string, o: Options) => runner.run(o, (session) => check(file, o, session)));
}

async function check(file: string, o: Options, session: Session): Promise<0 | 1> {
  const bytes = readNamedFile(file, EVIDENCE_BYTES_MAX);
  const genesis = o.genesis === undefined ? undefined : genesisFromJson(fromUtf8(readNamedFile(o.genesis)));
  if (isEvidence(bytes)) return checkAccusation(bytes, genesis, session);
  const checkpoint = o.checkpoint === undefined ? undefined : await readCheckpoint(o.checkpoint);
  const verdict = await checkProofFile({
    file: bytes,
    checkpoint: checkpoint?.note,
    genesis,
    verifierKey: o.key === undefined ? undefined : keyText(o.key),
    tiles: checkpoint?.tiles,
  });
  session.result(documentOf(verdict));
  show(verdict, session);
  return verdict.holds ? 0 : 1;
}

function checkAccusation(bytes: Uint8Array, genesis: Genesis | undefined, session: Session): 0 | 1 {
  const verdict = checkEvidenceFile(bytes, genesis);
  session.result(evidenceDocument(verdict));
  showEvidence(verdict, session);
  return verdict.holds ? 0 : 1;
}

/** The key itself, or a file that holds it. */
const keyText = (text: string): string => (existsSync(text) ? fromUtf8(readNamedFile(text)) : text);

async function readCheckpoint(where: string): Promise<{ note: string; tiles: FetchTile }> {
  if (/^https?:\/\//.test(where)) {
    const log = httpFetcher(where.replace(/\/checkpoint$/, ""));
    return { note: (await log.checkpoint()).note, tiles: (path) => log.tile(path) };
  }
  const log = fileFetcher(dirname(where));
  return { note: fromUtf8(readNamedFile(where)), tiles: (path) => log.tile(path) };
}

const documentOf = (v: ProofVerdict) => ({
  holds: v.holds,
  complete: v.complete,
  index: v.index,
  event: v.event,
  author: v.author,
  seal: v.seal,
  checkpoint: { ...v.checkpoint, root: toHex(v.checkpoint.root) },
  checks: v.checks,
});

function show(verdict: ProofVerdict, session: Session): void {
  const { texts, style } = session;
  const { event } = verdict;
  if (event !== null) {
    session.print(texts.proof.event(verdict.index, event.kind, event.source, isoTime(event.time)));
  }
  for (const line of table(verdict.checks.map((c) => row(c, session)))) session.print(line);
  const { seal } = verdict;
  if (seal !== null) session.print(texts.proof.sealed(seal.cosigned, seal.of, seal.epoch));
  session.print(verdict.holds ? style.good(holding(verdict, texts)) : style.bad(texts.proof.fails));
}

/** A proof whose signatures nobody looked at must not sound like one that holds in every respect. */
function holding({ complete, checks }: ProofVerdict, { proof }: Texts): string {
  if (complete) return proof.holds;
  const signed = checks.some((c) => c.name === "checkpoint-signature" && c.result === "held");
  return signed ? proof.holdsUnauthored : proof.holdsUnsigned;
}

function row(c: Check, { texts: { proof } }: Session): string[] {
  const reasons: Readonly<Record<string, string>> = {
    "no-key": proof.noKey,
    "no-genesis": proof.noGenesis,
    "no-authorship": proof.noAuthorship,
    "no-tiles": proof.noTiles,
    "later-key": proof.laterKey,
  };
  const mark = { held: "✓", failed: "✗", "not-made": "–" }[c.result];
  const why = c.why === undefined ? "" : ` (${reasons[c.why] ?? c.why})`;
  return [mark, `${proof.checks[c.name]}${c.result === "not-made" ? `: ${proof.notDone}` : ""}${why}`];
}
