/** A plot without a library: per foul play two bars, its work as a share of the honest work under each rule. */
import type { Tried } from "./run.ts";

const ROW = 44;
const LEFT = 300;
const WIDTH = 420;
const COLOURS = { published: "#c0504d", ours: "#3b7a57" } as const;

export function bars(tried: readonly Tried[]): string {
  const names = [...new Set(tried.map((each) => each.foul))];
  const most = Math.max(1.2, ...tried.map(share));
  const scale = WIDTH / most;
  const height = names.length * ROW + 70;
  const at = (value: number) => (LEFT + value * scale).toFixed(1);
  const lines = names.flatMap((name, i) => {
    const y = 40 + i * ROW;
    const two = (["published", "ours"] as const).map((rule, n) => {
      const each = tried.find((t) => t.foul === name && t.rule === rule);
      if (each === undefined) return "";
      const top = y + n * 16;
      const label = `${Math.round(share(each) * 100)} %${each.pays ? ", pays" : ""}`;
      return `<rect x="${LEFT}" y="${top}" width="${(share(each) * scale).toFixed(1)}" height="13" fill="${COLOURS[rule]}"/><text x="${(LEFT + share(each) * scale + 6).toFixed(1)}" y="${top + 11}">${label}</text>`;
    });
    return [`<text x="${LEFT - 10}" y="${y + 19}" text-anchor="end">${name}</text>`, ...two];
  });
  const key = (["published", "ours"] as const).map(
    (rule, n) =>
      `<rect x="${LEFT + n * 140}" y="${height - 24}" width="12" height="12" fill="${COLOURS[rule]}"/><text x="${LEFT + n * 140 + 18}" y="${height - 14}">${rule} rule</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 120} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="22">share of all work of the one that plays foul, against its share when it is honest</text>`,
    `<line x1="${at(1)}" y1="30" x2="${at(1)}" y2="${height - 34}" stroke="#999" stroke-dasharray="3 3"/>`,
    ...lines,
    ...key,
    "</svg>",
    "",
  ].join("\n");
}

const share = ({ honest, played }: Tried): number => played.work / honest.work;
