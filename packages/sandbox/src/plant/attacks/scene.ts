import pg from "pg";
import { type Census, takeCensus } from "../census.ts";
import type { Planted } from "../tamper.ts";

/** What an attack finds when it begins: a hospital at work, its capture running; and what the attacker can bring about. */
export interface Scene {
  /** Superuser of the hospital's database. */
  readonly url: string;
  readonly publication: string;
  readonly slot: string;
  readonly seed: string;
  /** At least so many rows are to be altered. */
  readonly count: number;
  /** Legal writes of the ward: that many rows, beside its calm work. */
  work(rows: number): Promise<number>;
  /** Resolves once everything that was committed so far is final on the ledger. */
  settled(): Promise<void>;
  /** Capture runs and the ward rests, so that nothing but the attacker writes. */
  quietly<T>(act: () => Promise<T>): Promise<T>;
  /** The same with capture stopped. It starts again afterwards. */
  withoutCapture<T>(act: () => Promise<T>): Promise<T>;
  /** The same with the server stopped too, in order or as by a power cut; its files may be changed. */
  withoutServer<T>(act: (dataDir: string) => Promise<T> | T, how?: "cut"): Promise<T>;
}

/** What was done, and with it what verification must say. */
export interface Deed {
  readonly planted: readonly Planted[];
  /** The rows right after the deed; later legal writes are told from it. */
  readonly outcome: Census;
  /** Rows that were altered and put right again: they must not be named. */
  readonly undone?: number;
  /** Every row that is still there holds what it held before: verification must say which older event it equals. */
  readonly putBack?: true;
  /** Rows written openly: events, not alterations. */
  readonly open?: number;
}

export interface Attack {
  readonly name: AttackName;
  carryOut(scene: Scene): Promise<Deed>;
}

export const ATTACK_NAMES = [
  "publication",
  "partition",
  "slot-advanced",
  "slot-recreated",
  "pages",
  "older-folder",
  "older-folder-replayed",
  "table-restore",
  "changed-back",
] as const;
export type AttackName = (typeof ATTACK_NAMES)[number];

export async function asInsider<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: "insider" });
  client.on("error", () => undefined); // the query under way fails with the reason
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export const census = (url: string): Promise<Census> => asInsider(url, takeCensus);
