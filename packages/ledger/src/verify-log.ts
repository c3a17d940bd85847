/**
 * Checks a whole log, from wherever it comes, trusting nobody: the checkpoint's signature, every bundle, tile and root, the
 * founding document, every signature, every batch root, sequence and time of the blocks; with a contract also that every
 * state root follows; with a store's tables that each row follows; with a remembered checkpoint that the log continues it.
 */
import { type AnamnesisError, equal } from "@anamnesis/core";
import { decodeBundle } from "./bundle.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { knownError, ledgerError } from "./errors.ts";
import { decodeGenesis, encodeGenesis, type Genesis } from "./genesis.ts";
import { checkGenesis } from "./genesis-check.ts";
import { decodeLeaf, genesisLeaf } from "./leaf.ts";
import { openCheckpoint } from "./log-key.ts";
import { hashAt, leafHash } from "./merkle.ts";
import { formatTilePath, TILE_WIDTH } from "./tile-path.ts";
import { checkTiles, readLog } from "./tlog-reader.ts";
import { BlockChain } from "./verify-chain.ts";
import { PrefixRoot } from "./verify-prefix.ts";
import { type LogReport, type LogSource, Problems, type VerifyOptions } from "./verify-report.ts";

export * from "./verify-report.ts";

const PROGRESS_LEAVES = 4096;

/** Never throws for what is wrong with the log: that is in the report. Throws what the source throws for reasons of its own. */
export async function verifyLog(source: LogSource, options: VerifyOptions): Promise<LogReport> {
  const problems = new Problems();
  const found: { checkpoint?: Checkpoint; chain?: BlockChain } = {};
  try {
    const { note } = await source.checkpoint();
    const genesis = options.genesis ?? (await foundingDocument(source, note));
    checkGenesis(options.primitives, genesis);
    const checkpoint = openCheckpoint(options.primitives, note, genesis);
    found.checkpoint = checkpoint;
    const chain = new BlockChain(options, genesis, problems);
    found.chain = chain;
    await walk(source, checkpoint, chain, options, problems);
  } catch (error) {
    const finding = findingOf(error);
    problems.add(finding.code, finding.message, whereOf(finding));
  }
  return reportOf(found, options, problems);
}

/** Leaf 0 before anything is checked; the walk then shows whether it is under the root. */
async function foundingDocument(source: LogSource, note: string): Promise<Genesis> {
  const { size } = parseCheckpoint(note.slice(0, note.indexOf("\n\n") + 1));
  const width = Math.min(size, TILE_WIDTH);
  // Whatever bundle there is will do: nothing is believed yet, not even the size.
  const widths = [width, TILE_WIDTH].filter((each) => each > 0);
  let bundle: Uint8Array | undefined;
  for (const each of widths) bundle ??= await source.tile(formatTilePath({ level: "entries", index: 0, width: each }));
  const first = bundle === undefined ? undefined : decodeBundle(bundle)[0];
  const leaf = first === undefined ? undefined : decodeLeaf(first);
  if (leaf?.type !== "genesis")
    throw ledgerError("ledger/malformed", "the log does not begin with a founding document");
  return decodeGenesis(leaf.document);
}

async function walk(
  source: LogSource,
  checkpoint: Checkpoint,
  chain: BlockChain,
  options: VerifyOptions,
  problems: Problems,
): Promise<void> {
  const { primitives, remembered, onProgress, signal, pruned = 0 } = options;
  const { size } = checkpoint;
  const prefix =
    remembered === undefined ? undefined : rememberedPrefix(options, chain.genesis, remembered, checkpoint, problems);
  const fetch = async (path: string) => {
    const data = await source.tile(path);
    if (data !== undefined) prefix?.saw(path, data);
    return data;
  };
  if (pruned > 0) {
    const founding = leafHash(primitives, genesisLeaf(encodeGenesis(chain.genesis)));
    await checkTiles(primitives, fetch, checkpoint, pruned, (tile, hashes) => {
      signal?.throwIfAborted();
      if (tile === 0 && !equal(hashAt(hashes, 0), founding))
        problems.add("ledger/wrong-chain", "the log has another founding document than the one trusted", "leaf 0");
      onProgress?.((tile + 1) * TILE_WIDTH, size);
    });
  }
  for await (const { index, leaf } of readLog(primitives, fetch, checkpoint, pruned)) {
    chain.leaf(index, leaf);
    if ((index + 1) % PROGRESS_LEAVES === 0) onProgress?.(index + 1, size);
    if (problems.full) return;
    signal?.throwIfAborted();
  }
  onProgress?.(size, size);
  chain.end();
  if (prefix !== undefined && !prefix.fits()) {
    problems.add("ledger/rolled-back", "the log contradicts a checkpoint seen before: it was rewritten", "checkpoint");
  }
}

function rememberedPrefix(
  { primitives }: VerifyOptions,
  genesis: Genesis,
  note: string,
  now: Checkpoint,
  problems: Problems,
): PrefixRoot | undefined {
  try {
    const seen = openCheckpoint(primitives, note, genesis);
    if (seen.size <= now.size) return new PrefixRoot(primitives, seen);
    const message = `a checkpoint of ${seen.size} leaves was seen before, this log has ${now.size}: an older copy was put back`;
    problems.add("ledger/rolled-back", message, "checkpoint");
  } catch (error) {
    const { code, message } = findingOf(error);
    problems.add(code, `the remembered checkpoint cannot be used: ${message}`, "remembered checkpoint");
  }
  return undefined;
}

/** What a damaged or dishonest log causes; a network that fails is not a finding about the log, nor is a bug of ours. */
function findingOf(error: unknown): AnamnesisError {
  const known = knownError(error);
  const isFinding =
    known !== undefined && /^(?:ledger|core|crypto)\//.test(known.code) && known.code !== "core/invariant";
  if (!isFinding) throw error;
  return known;
}

const whereOf = ({ details }: AnamnesisError): string => {
  const place = details["path"] ?? details["where"];
  return typeof place === "string" ? place : "checkpoint";
};

function reportOf(
  { checkpoint, chain }: { readonly checkpoint?: Checkpoint; readonly chain?: BlockChain },
  options: VerifyOptions,
  problems: Problems,
): LogReport {
  return {
    ok: problems.list.length === 0,
    origin: checkpoint?.origin ?? "",
    size: checkpoint?.size ?? 0,
    root: checkpoint?.root ?? new Uint8Array(32),
    commands: chain?.commands ?? 0,
    events: chain?.events ?? 0,
    blocks: chain?.blocks ?? 0,
    trust: options.genesis === undefined ? "first-use" : "given",
    replayed: options.contract !== undefined && (options.pruned ?? 0) === 0,
    unfollowed: chain?.unfollowed ?? 0,
    pruned: options.pruned ?? 0,
    problems: problems.list,
  };
}
