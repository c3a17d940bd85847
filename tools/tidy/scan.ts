/**
 * A small scanner for TypeScript: tells code from comments and text, which is all the rules need. It is not a parser;
 * the one guess it makes is whether `/` starts a regular expression (by what stands before it).
 */

export interface Scan {
  /** The source with the insides of comments, strings, templates and regular expressions blanked; same length and lines. */
  readonly bare: string;
  /** The source as read. */
  readonly text: string;
}

const BEFORE_REGEX =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|await|yield))\s*$/;

export function scan(text: string): Scan {
  const out = text.split(""); // by UTF-16 unit: offsets must agree with those of `text`
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) if (out[i] !== "\n") out[i] = " ";
  };
  /** Open template literals: the depth of braces at which each `${` began. */
  const templates: number[] = [];
  let depth = 0;
  let i = 0;
  while (i < text.length) {
    const two = text.slice(i, i + 2);
    const one = text[i] ?? "";
    let end = i + 1;
    if (two === "//") end = endOr(text.indexOf("\n", i), text);
    else if (two === "/*") end = endOr(text.indexOf("*/", i + 2), text, 2);
    else if (one === '"' || one === "'") end = endOfQuoted(text, i, one);
    else if (one === "/" && BEFORE_REGEX.test(out.slice(Math.max(0, i - 40), i).join(""))) end = endOfRegex(text, i);
    else if (one === "`" || (one === "}" && templates.at(-1) === depth - 1)) {
      if (one === "}") {
        templates.pop();
        depth -= 1;
      }
      const stop = endOfTemplate(text, i + 1);
      blank(i + 1, stop.end - (stop.opens ? 2 : 1));
      if (stop.opens) {
        templates.push(depth);
        depth += 1;
      }
      i = stop.end;
      continue;
    } else if (one === "{") depth += 1;
    else if (one === "}") depth -= 1;
    if (end > i + 1) {
      const quoted = one !== "/";
      blank(quoted ? i + 1 : i, quoted ? end - 1 : end);
    }
    i = end;
  }
  return { bare: out.join(""), text };
}

function endOr(found: number, text: string, width = 0): number {
  return found < 0 ? text.length : found + width;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  for (let i = start + 1; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === quote || text[i] === "\n") return i + 1;
  }
  return text.length;
}

function endOfRegex(text: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text[i];
    if (char === "\\") i += 1;
    else if (char === "\n")
      return start + 1; // it was a division after all
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return i + 1;
  }
  return start + 1;
}

/** From just inside a template to after its closing backtick, or after the `${` that opens code. */
function endOfTemplate(text: string, start: number): { readonly end: number; readonly opens: boolean } {
  for (let i = start; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "`") return { end: i + 1, opens: false };
    else if (text[i] === "$" && text[i + 1] === "{") return { end: i + 2, opens: true };
  }
  return { end: text.length, opens: false };
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type`: erased before anything runs. */
  readonly typeOnly: boolean;
}

const STATIC = /\b(import|export)\b(\s+type\b)?[^;"'`()=]*?\bfrom\s*(["'])|\b(import)\s*(["'])/g;
const DYNAMIC = /\b(?:import(?:\.meta\.resolve)?|require(?:\.resolve)?)\s*\(\s*(["'])/g;

/** Every module a source names: static and dynamic imports, re-exports, `require`, `import.meta.resolve`. */
export function importsOf({ bare, text }: Scan): readonly Import[] {
  const found: Import[] = [];
  const add = (match: RegExpExecArray, typeOnly: boolean): void => {
    const open = match.index + match[0].length - 1;
    const close = bare.indexOf(bare[open] ?? '"', open + 1);
    found.push({ specifier: text.slice(open + 1, close), line: lineAt(bare, open), typeOnly });
  };
  for (const match of bare.matchAll(STATIC)) add(match, match[2] !== undefined);
  for (const match of bare.matchAll(DYNAMIC)) add(match, false);
  return found;
}

/** Line number, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line += 1;
  return line;
}
