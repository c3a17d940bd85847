/** Plain aligned columns. Wide characters count double, control characters are made visible. */

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
/** Cells of findings; a longer key is cut, --json has it whole. */
export const CELL_MAX = 60;

function width(text: string): number {
  let cells = 0;
  for (const c of text) cells += WIDE.test(c) ? 2 : 1;
  return cells;
}

/** Row keys come from the database: nothing in them may move the cursor or break the table. */
// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const visible = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "·");

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** At most so many cells of the terminal: a longer line would wrap, and what is redrawn would creep. */
export function cut(line: string, cells: number): string {
  let left = cells;
  let kept = "";
  for (const c of line) {
    left -= width(c);
    if (left < 0) break;
    kept += c;
  }
  return kept;
}

export function table(rows: readonly (readonly string[])[], cellMax = 1_000): string[] {
  const cells = rows.map((row) => row.map((cell) => short(visible(cell), cellMax)));
  const widths: number[] = [];
  for (const row of cells) row.forEach((c, i) => (widths[i] = Math.max(widths[i] ?? 0, width(c))));
  return cells.map((row) =>
    row
      .map((c, i) => c + " ".repeat(i === row.length - 1 ? 0 : (widths[i] ?? 0) - width(c)))
      .join("  ")
      .trimEnd(),
  );
}
