/** Small files, as a ratchet: a file over the limit needs an entry in tidy.sizes.json, and an entry may only shrink. */
import { type Finding, isCode, isTest, type Tree } from "../tree.ts";

const rule = "sizes";
const LEDGER = "tools/tidy.sizes.json";

interface Limits {
  readonly limit: number;
  readonly exceptions: Readonly<Record<string, number>>;
}

export function sizes(tree: Tree): readonly Finding[] {
  const text = tree.get(LEDGER);
  if (text === undefined) return [{ rule, file: LEDGER, text: "is missing" }];
  const { limit, exceptions } = JSON.parse(text) as Limits;
  const findings: Finding[] = [];
  for (const [file, source] of tree) {
    if (!isCode(file)) continue;
    const lines = lineCount(source);
    const allowed = exceptions[file] ?? limit;
    if (lines > allowed) findings.push({ rule, file, text: `${lines} lines; at most ${allowed}: split it` });
  }
  for (const [file, allowed] of Object.entries(exceptions)) {
    const source = tree.get(file);
    const lines = source === undefined ? 0 : lineCount(source);
    if (source === undefined || lines <= limit) {
      findings.push({ rule, file: LEDGER, text: `${file} needs no exception any more: remove it` });
    } else if (lines < allowed) {
      findings.push({ rule, file: LEDGER, text: `${file} shrank to ${lines}: lower its entry from ${allowed}` });
    }
  }
  return findings;
}

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

export interface Figures {
  readonly files: number;
  readonly lines: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

/** Sizes of sources (packages, tools, bench) and of tests, in lines. */
export function figures(tree: Tree): { readonly src: Figures; readonly tests: Figures } {
  const code = [...tree].filter(([file]) => isCode(file));
  return {
    src: summary(code.filter(([file]) => !isTest(file)).map(([, text]) => lineCount(text))),
    tests: summary(code.filter(([file]) => isTest(file)).map(([, text]) => lineCount(text))),
  };
}

function summary(counts: readonly number[]): Figures {
  const sorted = counts.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const lines = sorted.reduce((sum, each) => sum + each, 0);
  return { files: sorted.length, lines, median: at(0.5), p90: at(0.9), max: sorted.at(-1) ?? 0 };
}
