/** Presets as statements, for the parameters that this version and this machine have. */
import type { Client } from "pg";
import { HARMLESS, HOSTILE } from "./settings.ts";

type Values = readonly (readonly [name: string, value: string])[];

export interface Presets {
  readonly first: Values;
  readonly second: Values;
}

const PRESETTABLE = `SELECT name FROM pg_catalog.pg_settings
 WHERE context IN ('user', 'superuser', 'backend', 'superuser-backend') ORDER BY name`;

async function settings(client: Client): Promise<readonly string[]> {
  return (await client.query<{ name: string }>(PRESETTABLE)).rows.map((row) => row.name);
}

/** Parameters that can be preset and of which nobody has said what they do to us. */
export async function unknownSettings(client: Client): Promise<readonly string[]> {
  return (await settings(client)).filter((s) => HOSTILE[s] === undefined && !HARMLESS.some(([names]) => names.test(s)));
}

export async function presetsOf(client: Client): Promise<Presets> {
  const present = (await settings(client)).filter((name) => HOSTILE[name] !== undefined);
  const locale = await foreignLocale(client);
  const values = (which: 0 | 1): Values =>
    present.map((name) => [name, name.startsWith("lc_") ? locale : (HOSTILE[name]?.[which] ?? "")]);
  return { first: values(0), second: values(1) };
}

/** A locale that this machine has, as foreign as possible. */
async function foreignLocale(client: Client): Promise<string> {
  for (const locale of ["de_DE.UTF-8", "ja_JP.UTF-8", "fr_FR.UTF-8", "en_US.UTF-8", "C.UTF-8"]) {
    try {
      await client.query(`SET lc_monetary = '${locale}'`);
      return locale;
    } catch {
      // Not on this machine: the next.
    }
  }
  return "POSIX";
}

/** @param how such as `ALTER ROLE x SET` */
export const preset = (how: string, values: Values): readonly string[] =>
  values.map(([name, value]) => `${how} ${name} = ${name === "search_path" ? value : `'${value}'`}`);

export const reset = (whose: string): readonly string[] => [`${whose} RESET ALL`];
