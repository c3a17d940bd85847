import pg from "pg";
import { sandboxError } from "../errors.ts";
import { Rng } from "../random.ts";
import { behindCapture, type Toggle, toggleFor } from "./behind.ts";
import { RECIPES, type Recipe } from "./recipes.ts";
import { PLANTED_ID, Stock } from "./rows.ts";
import { rawRows, readShape, SESSION } from "./shape.ts";
import { type Planted, type Tools, tamper } from "./tamper.ts";

export interface PlantOptions {
  /** As the owner of the tables and of the publication: the insider. */
  readonly url: string;
  /** The publication that capture reads. */
  readonly publication: string;
  readonly seed?: string | number;
  /**
   * `directly`: ordinary SQL, for when capture cannot see it for another reason; nothing legal is written in between then.
   * Default `toggle`.
   */
  readonly way?: "toggle" | "directly";
  /** At least this many findings are planted (one more at most). */
  readonly count: number;
  /** Findings planted before; their rows are left alone. Needed when planting a second time. */
  readonly planted?: readonly Planted[];
}

/**
 * Alters rows of closed files behind capture, every kind over every table in turn, until `count` findings exist. The same
 * hospital and seed give the same list. No row is used twice, and the ward never writes to any of them.
 * Throws `sandbox/plant-failed` when the publication cannot be toggled or the rows run out.
 */
export async function plant(options: PlantOptions): Promise<Planted[]> {
  const client = new pg.Client({ connectionString: options.url, application_name: "insider" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(SESSION);
    const sites = await findSites(client, options);
    return await work(client, options, sites);
  } finally {
    await client.end();
  }
}

interface Site {
  readonly stock: Stock;
  readonly toggle: Toggle | undefined;
}

/** The older value is that from before a legal change, which only makes sense while capture sees it. */
const recipesOf = ({ way }: PlantOptions): readonly Recipe[] =>
  way === "directly" ? RECIPES.filter((recipe) => recipe.what !== "older-value") : RECIPES;

async function findSites(client: pg.Client, options: PlantOptions): Promise<ReadonlyMap<string, Site>> {
  const sites = new Map<string, Site>();
  for (const table of new Set(recipesOf(options).map((recipe) => recipe.table))) {
    const direct = options.way === "directly";
    const toggle = direct ? undefined : await toggleFor(client, options.publication, table);
    if (toggle === undefined && !direct) continue; // not captured: nothing to get past
    const before = (options.planted ?? []).filter((each) => each.table === `public.${table}`);
    const rng = new Rng(`plant/${options.seed ?? "anamnesis"}/${table}`);
    const skip = new Set(before.map((each) => each.key));
    sites.set(table, { toggle, stock: await Stock.read(client, await readShape(client, table), rng, skip) });
  }
  return sites;
}

async function work(client: pg.Client, options: PlantOptions, sites: ReadonlyMap<string, Site>): Promise<Planted[]> {
  let last = await lastFresh(client, options);
  const rng = new Rng(`plant/${options.seed ?? "anamnesis"}/${last}`);
  const planted: Planted[] = [];
  for (let round = 0; planted.length < options.count; round++) {
    const before = planted.length;
    for (const recipe of order(recipesOf(options), rng, round)) {
      const site = sites.get(recipe.table);
      if (site === undefined || planted.length >= options.count) continue;
      const { stock, toggle } = site;
      const tools: Tools = {
        ...{ client, rng, stock, fresh: () => ++last },
        behind: (write) => (toggle === undefined ? write() : behindCapture(client, toggle, write)),
      };
      planted.push(...(await tamper(recipe, tools)));
    }
    if (planted.length === before) {
      const message = `only ${before} alterations fit into this hospital: fill it with more patients`;
      throw sandboxError("sandbox/plant-failed", message, { planted: before, wanted: options.count });
    }
  }
  return planted;
}

/** One recipe of each kind first, so that even a small count has them all. */
function order(recipes: readonly Recipe[], rng: Rng, round: number): readonly Recipe[] {
  const mixed = rng.shuffle(recipes);
  if (round > 0) return mixed;
  const first = [...new Map(mixed.map((recipe) => [recipe.what, recipe])).values()];
  return [...first, ...mixed.filter((recipe) => !first.includes(recipe))];
}

/** Numbers go on where an earlier planting stopped. */
async function lastFresh(client: pg.Client, options: PlantOptions): Promise<number> {
  const tables = ["observations", "conditions", "medications", "notes", "documents"];
  const largest = await rawRows(
    client,
    `SELECT max(id) FROM (${tables.map((t) => `SELECT max(id) AS id FROM ${t}`).join(" UNION ALL ")}) x`,
  );
  return Math.max(0, Number(largest[0]?.[0] ?? 0) - PLANTED_ID) + (options.planted?.length ?? 0);
}
