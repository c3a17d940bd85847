/** The orderer's process: a real engine on a real folder, which can be stopped, killed, and started on another image. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { contract } from "@anamnesis/contracts";
import { native } from "@anamnesis/crypto/native";
import type { FollowedLog } from "@anamnesis/embedded";
import { createLedger, type EngineLimits, FILES, openEmbedded, openReader, verifyLedger } from "@anamnesis/embedded";
import type { Contract, Engine } from "@anamnesis/ledger";
import type { Face } from "../auditor/audit.ts";
import type { SimClock } from "./clock.ts";
import { type Files, readFolder, removeFolder, writeFolder } from "./files.ts";
import { followed } from "./follower.ts";
import type { Founding } from "./founding.ts";

export class LedgerProcess {
  readonly #root: string;
  readonly #founding: Founding;
  readonly #clock: SimClock;
  #life = 0;
  #engine: Engine | undefined;

  constructor(root: string, founding: Founding, clock: SimClock) {
    this.#root = root;
    this.#founding = founding;
    this.#clock = clock;
  }

  /** Folder of the present life: each start from an image has its own. */
  get folder(): string {
    return join(this.#root, `life-${this.#life}`);
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new RangeError("the engine does not run");
    return this.#engine;
  }

  async found(): Promise<void> {
    await createLedger(this.options());
  }

  async start(limits: Partial<EngineLimits>): Promise<void> {
    this.#engine = await openEmbedded({ ...this.options(), limits });
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    this.#engine = undefined;
  }

  /** What a follower sees of a folder's log, for as long as `look` takes. */
  async served<T>(folder: string, look: (log: FollowedLog) => Promise<T>): Promise<T> {
    const reader = await openReader({ dir: folder, primitives: native });
    try {
      return await look(followed(reader));
    } finally {
      await reader.close();
    }
  }

  files(): Files {
    return readFolder(this.folder);
  }

  /** The process is gone and the folder is this image. What it had open is closed behind the scenes, on the old folder. */
  async becomes(image: Files): Promise<void> {
    const old = this.folder;
    this.#life++;
    removeFolder(this.folder);
    writeFolder(this.folder, image);
    await this.stop();
    removeFolder(old);
  }

  /** Opens an image beside the running ledger, lets `look` at it, and throws it away. @param rules those of an orderer that lies */
  async aside<T>(
    image: Files,
    look: (engine: Engine, folder: string) => Promise<T>,
    rules: Contract = contract,
  ): Promise<T> {
    const folder = join(this.#root, "aside");
    removeFolder(folder);
    writeFolder(folder, image);
    let engine: Engine | undefined;
    try {
      engine = await openEmbedded({ ...this.options(folder), contract: rules });
      return await look(engine, folder);
    } finally {
      await engine?.close();
      removeFolder(folder);
    }
  }

  /** What the product's own `log verify` finds wrong. */
  async problems(folder = this.folder): Promise<readonly string[]> {
    const { genesis } = this.#founding;
    const report = await verifyLedger({ dir: folder, primitives: native, contract, genesis });
    return report.problems.map(({ code, message }) => `${code}: ${message}`);
  }

  options(dir = this.folder) {
    const { genesis, logSeed } = this.#founding;
    return { dir, genesis, primitives: native, contract, logSigner: logSeed, clock: this.#clock };
  }
}

export async function faceOf(engine: Pick<Engine, "checkpoint" | "leaves">): Promise<Face> {
  const { note, size } = await engine.checkpoint();
  return {
    note,
    async leaves(from) {
      const leaves: Uint8Array[] = [];
      for await (const { leaf } of engine.leaves(from, size)) leaves.push(leaf);
      return leaves;
    },
  };
}

/** The rows of the state, read without any code of the ledger's. */
export function stateTable(folder: string): ReadonlyMap<string, Uint8Array> {
  const db = new DatabaseSync(join(folder, FILES.store), { readOnly: true });
  try {
    const rows = db.prepare("SELECT key, value FROM state WHERE key IS NOT NULL").all();
    return new Map(
      rows.map(({ key, value }) => [String(key), value instanceof Uint8Array ? value : new Uint8Array(0)]),
    );
  } finally {
    db.close();
  }
}
