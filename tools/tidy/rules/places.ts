/** Nothing tracked names a registry, a private address or a folder of somebody's machine, or is left over from a trial. */
import { lineAt } from "../scan.ts";
import type { Finding, Tree } from "../tree.ts";

const rule = "places";

// Written with one-letter classes so that this file does not find itself.
const patterns: readonly (readonly [RegExp, string])[] = [
  [
    /\bhttps?:\/\/[\w.@:-]*(?:[r]egistry[.-]|npm[j]s\.org|npm[m]irror|yarnpk[g]\.com|artifactor[y]|verdacci[o]|nexu[s][.-])/gi,
    "registry address",
  ],
  [/^\s*(?:@[\w-]+:)?[r]egistry\s*=/gim, "registry setting"],
  [/\bhttps?:\/\/(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+/g, "private address"],
  [/(?<![\w.~/-])\/(?:[w]ork|[r]oot|[h]ome\/\w+|[U]sers\/\w+)\/[\w.]/g, "folder of a machine"],
];

const SCRATCH = /\.(?:tmp|bak|orig|rej)(?:\.|$)|(?:^|\/)(?:tmp|scratch)[^/]*\.ts$|-try\.ts$/;

export function places(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of tree) {
    if (SCRATCH.test(file)) findings.push({ rule, file, text: "a scratch file: remove it or give it a place" });
    for (const [pattern, what] of patterns) {
      for (const match of text.matchAll(pattern)) {
        findings.push({
          rule,
          file,
          line: lineAt(text, match.index),
          text: `${what}: ${match[0].trim().slice(0, 60)}`,
        });
      }
    }
  }
  return findings;
}
