/** All mutants of some files, and a spread of them that is the same on every run. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { API } from "typescript/unstable/sync";
import { type Change, changesOf } from "./operators.ts";

export interface Mutant extends Change {
  readonly file: string;
  readonly line: number;
  /** The line as it was and as it is, without its indentation. */
  readonly was: string;
  readonly now: string;
  /** The whole file. */
  readonly text: string;
}

/** @param files paths from `root` */
export function mutantsOf(root: string, files: readonly string[]): readonly Mutant[] {
  const api = new API({});
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, "tsconfig.json")] });
    const program = snapshot.getProjects()[0]?.program;
    return files.flatMap((file) => {
      const source = program?.getSourceFile(join(root, file));
      if (source === undefined) throw new RangeError(`TypeScript does not know ${file}`);
      const original = readFileSync(join(root, file), "utf8");
      if (source.text !== original) throw new RangeError(`${file} is another one to TypeScript`);
      return changesOf(source, original).flatMap((change) => mutant(file, original, change));
    });
  } finally {
    api.close();
  }
}

/** None when the change would not even be read by Node. */
function mutant(file: string, original: string, change: Change): Mutant[] {
  const text = original.slice(0, change.start) + change.becomes + original.slice(change.end);
  const from = original.lastIndexOf("\n", change.start - 1) + 1;
  const to = original.indexOf("\n", change.end);
  const was = original.slice(from, to).trim();
  const now = text.slice(from, to + text.length - original.length).trim();
  const line = original.slice(0, change.start).split("\n").length;
  try {
    stripTypeScriptTypes(text);
  } catch {
    return [];
  }
  return [{ ...change, file, line, was, now, text }];
}

/** `count` of them, evenly over the whole list. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (count >= items.length) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]).filter(
    (item) => item !== undefined,
  );
}
