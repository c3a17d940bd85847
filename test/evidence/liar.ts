/**
 * An orderer that can lie, among members that do not: the followers are whole nodes behind real HTTP doors, and so is the orderer,
 * but for what it was told to do otherwise. All in one process, each with its own folder and keys.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contract } from "@anamnesis/contracts";
import { openEmbedded } from "@anamnesis/embedded";
import { type LogServer, serveLog } from "@anamnesis/gateway";
import type { Contract, Engine, SignedCheckpoint, SignedTransaction } from "@anamnesis/ledger";
import { primitives, systemClock } from "@anamnesis/node";
import { consortiumOf } from "../../packages/cli/src/consortium.ts";
import { httpPeers } from "../../packages/cli/src/peers.ts";
import { type Service, startService } from "../../packages/cli/src/service.ts";
import { type Folder, logSeed } from "../../packages/node/src/folder/folder.ts";
import type { Submitted } from "../../packages/node/src/follower/member.ts";
import { type Ordering, startOrdering } from "../../packages/node/src/follower/ordering.ts";
import { Consortium } from "../consortium/harness.ts";

/** What the orderer does otherwise; what is left out it does honestly. May change while it runs. */
export interface Lies {
  contract?: Contract;
  /** Its clock, ms since 1970. */
  now?: () => number;
  /** Whether a file of the log is kept back. */
  withholds?: (path: string) => boolean;
  /** What it shows instead of its checkpoint. */
  shows?: (checkpoint: SignedCheckpoint) => SignedCheckpoint;
  /** Takes a transaction and does with it what it wants; undefined: does what is right. */
  drops?: (tx: SignedTransaction, onPromise: (promise: Uint8Array) => void) => Promise<Submitted> | undefined;
}

export class LyingOrderer {
  readonly #parts: { readonly engine: Engine; readonly member: Ordering; readonly server: LogServer };

  private constructor(engine: Engine, member: Ordering, server: LogServer) {
    this.#parts = { engine, member, server };
  }

  static async start(folder: Folder, lies: Lies): Promise<LyingOrderer> {
    const { layout, genesis, config } = folder;
    const clock = { now: () => lies.now?.() ?? systemClock.now() };
    const options = { dir: layout.ledger, genesis, primitives, logSigner: logSeed(folder), clock };
    const engine = await openEmbedded({ ...options, contract: lies.contract ?? contract });
    const member = await startOrdering(folder, engine, httpPeers);
    const node = {
      folder,
      engine,
      member,
      sources: new Map(),
      failed: new Promise<never>(() => {}),
      stop: async () => {},
    };
    const { entriesToken: token, host, port } = config.gateway;
    const server = await serveLog({
      ...{ primitives, port, host, entriesToken: token, health: () => engine.health(), witness: member.witness },
      ...consortiumOf(node, token),
      reader: lying(engine, lies),
      submit: {
        token,
        submit: (tx, onPromise) => lies.drops?.(tx, onPromise) ?? member.submit(tx, onPromise),
      },
    });
    return new LyingOrderer(engine, member, server);
  }

  get engine(): Engine {
    return this.#parts.engine;
  }

  async stop(): Promise<void> {
    const { engine, member, server } = this.#parts;
    await server.stop();
    await member.stop();
    await engine.close();
  }
}

function lying(engine: Engine, lies: Lies): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (name === "tile")
        return async (path: string) => (lies.withholds?.(path) === true ? undefined : target.tile(path));
      if (name === "checkpoint") {
        return async () => {
          const shown = await target.checkpoint();
          return lies.shows?.(shown) ?? shown;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** How often followers look, in ms, and how soon they call leaves withheld: a test has no minutes to wait. */
const LOOK_MS = 100;
const PATIENCE_MS = 500;
const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/anamnesis.js", import.meta.url));

/** Four members; the first one orders. */
export class Trial {
  readonly consortium: Consortium;
  readonly orderer: LyingOrderer;
  readonly followers: readonly Service[];
  readonly #root = mkdtempSync(join(tmpdir(), "anamnesis-trial-"));

  private constructor(consortium: Consortium, orderer: LyingOrderer, followers: readonly Service[]) {
    this.consortium = consortium;
    this.orderer = orderer;
    this.followers = followers;
  }

  /** @param foundedMs when the ledger was founded, ms before now; @param patienceMs of followers that wait for leaves */
  static async open(lies: Lies, { foundedMs = 0, patienceMs = PATIENCE_MS } = {}): Promise<Trial> {
    const consortium = await foundedAgo(foundedMs);
    const [first, ...others] = consortium.all;
    if (first === undefined) throw new RangeError("nobody orders");
    const orderer = await LyingOrderer.start(first.folder, lies);
    const lines = others.map((each) => `${each.name} = "${each.url}"`).join("\n");
    const followers: Service[] = [];
    for (const each of others) {
      appendFileSync(join(each.dir, "anamnesis.toml"), `\n[members]\n${lines}\n`);
      const { folder } = each;
      const { port } = folder.config.gateway;
      followers.push(await startService({ folder, env: {}, port, watchPace: { lookMs: LOOK_MS, patienceMs } }));
    }
    return new Trial(consortium, orderer, followers);
  }

  follower(index: number): Service {
    const found = this.followers[index];
    if (found === undefined) throw new RangeError("no such follower");
    return found;
  }

  /** An event of this member, final at the orderer. */
  async event(member = 0): Promise<void> {
    await this.orderer.engine.submit(this.consortium.at(member).batch());
  }

  /** Paths of the evidence that followers have written, by kind. */
  evidence(kind = ""): readonly string[] {
    return this.consortium.all.flatMap(({ dir }) => filesIn(join(dir, "evidence"), kind));
  }

  /** What `proof check` says in a folder that has nothing else: its exit code, the kind, whether it holds. */
  async check(
    file: string,
  ): Promise<{ readonly status: number; readonly holds: boolean; readonly kind: string | null }> {
    const genesis = this.consortium.at(0).folder.layout.genesis;
    const cwd = mkdtempSync(join(this.#root, "empty-"));
    const { status, stdout } = await run(["proof", "check", file, "--genesis", genesis, "--json"], cwd);
    const { holds, kind } = JSON.parse(stdout) as { holds: boolean; kind: string | null };
    return { status, holds, kind };
  }

  /** One round of the monitor, in a folder that it keeps: the evidence that is there then. */
  async monitor(...more: readonly string[]): Promise<readonly string[]> {
    const { url, folder } = this.consortium.at(0);
    const dir = join(this.#root, "monitor");
    const known = ["--genesis", folder.layout.genesis, "--token", folder.config.gateway.entriesToken, "--dir", dir];
    await run(["monitor", "--url", url, ...known, "--once", "--patience", "0", "--json", ...more], this.#root);
    return filesIn(join(dir, "evidence"), "");
  }

  async close(): Promise<void> {
    await Promise.all(this.followers.map((each) => each.stop()));
    await this.orderer.stop();
    await this.consortium.dispose();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Beside this process, which answers for the members meanwhile. */
async function run(
  args: readonly string[],
  cwd: string,
): Promise<{ readonly status: number; readonly stdout: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd, env: { ...process.env, LANG: "C" } });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  return { status, stdout };
}

const filesIn = (folder: string, kind: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.startsWith(kind) && name.endsWith(".evidence"))
        .map((name) => join(folder, name))
    : [];

async function foundedAgo(ms: number): Promise<Consortium> {
  const { now } = Date;
  Date.now = () => now() - ms;
  try {
    return await Consortium.found(4);
  } finally {
    Date.now = now;
  }
}
