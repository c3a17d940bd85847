/** Which organisations a sandbox of several has, and where each lives. */
import { join } from "node:path";

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

/** The first one orders. Their ports follow each other. */
export const placesOf = (dir: string, count: number, port: number): readonly Place[] =>
  NAMES.slice(0, count).map((name, i) => ({
    name,
    title: `Hospital ${name[0]?.toUpperCase()}${name.slice(1)}`,
    dir: join(dir, name),
    port: port + i,
  }));

export const urlOf = ({ port }: Place): string => `http://127.0.0.1:${port}`;
