/**
 * A MariaDB at work, its capture in a process of its own, and somebody who kills one or the other at random moments. Each
 * transaction inserts one row that is never touched again and changes another one: so the database itself tells how many
 * events of which kind there must be.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { readTexts, withMariadb } from "@anamnesis/capture";
import { decodeSourceState, sourcePath } from "@anamnesis/contracts";
import { openLog } from "@anamnesis/node";
import { findingsOf, MariadbHospital } from "../capture/mariadb-hospital.ts";
import { whileFrozen } from "./frozen.ts";

export type MariadbVictim = "capture" | "mariadb";

/** What stands on the ledger, and what the database says must. */
export interface MariadbCount {
  readonly events: number;
  readonly transactions: number;
  readonly creates: number;
  readonly updates: number;
  /** Places that stand on the ledger more than once. */
  readonly doubles: number;
  /** Gaps and restores: none is expected. */
  readonly declared: number;
  /** For each kill, events committed before it that only became final after it. */
  readonly inFlight: readonly number[];
  readonly findings: readonly string[];
}

interface Kill {
  readonly finalLsn: bigint;
  readonly committedLsn: bigint;
}

const FROZEN_TRANSACTIONS = 20;
const FROZEN_MS_MAX = 3_000;
const ROWS = 500;

export class MariadbKills {
  readonly #hospital: MariadbHospital;
  readonly #kills: Kill[] = [];
  readonly #stop = new AbortController();
  #capture: ChildProcess;
  #writing: Promise<void>;
  #written = 0;

  private constructor(hospital: MariadbHospital) {
    this.#hospital = hospital;
    this.#capture = hospital.child();
    this.#writing = this.#write();
  }

  static async start(): Promise<MariadbKills> {
    const hospital = await MariadbHospital.open(
      "CREATE TABLE patients (id INT PRIMARY KEY, name VARCHAR(40))",
      "CREATE TABLE work (id BIGINT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(40))",
      `INSERT INTO patients SELECT seq, 'n' FROM seq_1_to_${ROWS}`,
    );
    // The baseline is complete before the first write.
    await hospital.verify();
    return new MariadbKills(hospital);
  }

  /** Transactions that the database answered. */
  get written(): number {
    return this.#written;
  }

  /** Capture is frozen at a random moment until the database has committed some more: so there is always work in flight. */
  async kill(victim: MariadbVictim, chance: number): Promise<void> {
    await sleep(300 + Math.floor(chance * 900));
    this.#capture.kill("SIGSTOP");
    const before = this.#written;
    for (let waited = 0; this.#written < before + FROZEN_TRANSACTIONS && waited < FROZEN_MS_MAX; waited += 5)
      await sleep(5);
    const committedLsn = await this.#committed();
    if (victim === "capture") await this.#killCapture();
    else await this.#hospital.place.server.kill9();
    this.#kills.push({ committedLsn, finalLsn: await whileFrozen(this.#capture, () => this.#final()) });
    if (victim === "capture") {
      this.#capture = this.#hospital.child();
      return;
    }
    this.#capture.kill("SIGCONT");
    await this.#hospital.place.restart();
  }

  async count(): Promise<MariadbCount> {
    this.#stop.abort();
    await this.#writing;
    await this.#killCapture();
    const findings = [...findingsOf(await this.#hospital.verify())];
    findings.push(...findingsOf(await this.#hospital.verify("from-log")));
    const [row] = await this.#hospital.sql("SELECT COUNT(*) FROM work");
    const events = await this.#hospital.events();
    const of = (kind: string) => events.filter((e) => e.kind === kind).length;
    return {
      ...{ events: events.length, transactions: Number(row?.[0] ?? 0), findings },
      ...{ creates: of("create"), updates: of("update"), declared: of("gap") + of("restored") },
      doubles: events.length - new Set(events.map((e) => `${e.lsn}/${e.ordinal}`)).size,
      inFlight: this.#kills.map(
        (k) => events.filter((e) => e.xid !== 0n && e.lsn > k.finalLsn && e.lsn <= k.committedLsn).length,
      ),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
    await this.#killCapture();
    await this.#hospital.close();
  }

  async #killCapture(): Promise<void> {
    const child = this.#capture;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Goes on after the server is back, until it is stopped. */
  async #write(): Promise<void> {
    const { signal } = this.#stop;
    let n = 0;
    while (!signal.aborted) {
      try {
        await withMariadb({ url: this.#hospital.place.server.url }, async (connection) => {
          while (!signal.aborted) {
            n++;
            await readTexts(connection, "BEGIN");
            await readTexts(connection, `INSERT INTO work (v) VALUES ('w${n}')`);
            await readTexts(connection, `UPDATE patients SET name = 'w${n}' WHERE id = ${1 + (n % ROWS)}`);
            await readTexts(connection, "COMMIT");
            this.#written++;
            await sleep(1);
          }
        });
      } catch {
        // Killed under the writer, which tries again as an application would.
        await sleep(50);
      }
    }
  }

  async #committed(): Promise<bigint> {
    const [row] = await this.#hospital.sql("SELECT @@GLOBAL.gtid_binlog_pos");
    // Positions are the sequence number times 8.
    return BigInt(/-(\d+)$/.exec(row?.[0] ?? "")?.[1] ?? 0) * 8n;
  }

  async #final(): Promise<bigint> {
    const { folder } = this.#hospital;
    const log = await openLog(folder);
    try {
      const { value } = await log.read(sourcePath(folder.config.organisation, "ehr"));
      return value === undefined ? 0n : decodeSourceState(value).position.lsn;
    } finally {
      await log.close();
    }
  }
}
