/** Which organisations a sandbox of several has, and where each lives. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "@anamnesis/gateway";
import { layoutOf, parseConfig } from "@anamnesis/node";

export interface Place {
  /** Id of the organisation, name of its database and of its source. */
  readonly name: string;
  readonly title: string;
  readonly dir: string;
  readonly port: number;
}

const NAMES = ["nord", "sued", "ost", "west", "mitte", "kueste", "berg", "tal"] as const;
export const ORGANISATIONS_MAX = NAMES.length;
export const CHAIN = "alliance";

/**
 * The first one orders. New ones take ports that follow each other from `port` on, or any for 0; one that is there keeps its own.
 * @throws AnamnesisError `gateway/port-busy`
 */
export async function placesIn(dir: string, count: number, port: number): Promise<readonly Place[]> {
  const names = NAMES.slice(0, count);
  const begun = names.some((name) => isFounded(join(dir, name)));
  const given = (i: number): number => (port === 0 ? 0 : port + i);
  const wanted = names.map((name, i) => (begun ? portOf(join(dir, name)) : undefined) ?? given(i));
  const ports = await freePorts(wanted);
  return names.map((name, i) => ({
    ...{ name, dir: join(dir, name), port: ports[i] ?? 0 },
    title: `Hospital ${name[0]?.toUpperCase()}${name.slice(1)}`,
  }));
}

function portOf(dir: string): number | undefined {
  const { config } = layoutOf(dir);
  return existsSync(config) ? parseConfig(readFileSync(config, "utf8")).gateway.port : undefined;
}

export const isFounded = (dir: string): boolean => existsSync(join(dir, "genesis.json"));

export const urlOf = ({ port }: Place): string => `http://127.0.0.1:${port}`;
