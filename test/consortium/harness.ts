/** Several organisations on one machine: a folder, a process and keys of its own each; the first one orders. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BATCH_KIND, encodeBatchBody } from "@anamnesis/contracts";
import { fromHex, sourceId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { submitOnce } from "@anamnesis/gateway";
import { encodeEvent, leafHashes, type SignedTransaction, signTransaction, treeHash } from "@anamnesis/ledger";
import {
  adoptGenesis,
  type Folder,
  openFolder,
  prepareFolder,
  primitives,
  proposeGenesis,
  signGenesisFile,
} from "@anamnesis/node";
import { Proxy } from "../capture/proxy.ts";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/anamnesis.js", import.meta.url));
const NAMES = ["nord", "sued", "ost", "west"] as const;
const PATIENCE_MS = 90_000;
const FAR_EXPIRY = 4_000_000_000;

export interface Members {
  readonly organisation: string;
  readonly role: string;
  readonly size: number;
  readonly follow: { readonly kind: string; readonly why?: string } | null;
  readonly seals: {
    readonly sealedSize: number;
    readonly sealedBy: number;
    readonly quorum: number;
    readonly epoch: number;
    readonly members: readonly { readonly id: string; readonly size: number; readonly outcome: string }[];
  } | null;
}

/** One organisation: its folder, its process if it runs, and how it is asked. */
export class Organisation {
  readonly name: string;
  readonly dir: string;
  readonly url: string;
  child: ChildProcess | undefined;
  said = "";
  #nonce = 0;

  constructor(name: string, dir: string, port: number) {
    this.name = name;
    this.dir = dir;
    this.url = `http://127.0.0.1:${port}`;
  }

  get folder(): Folder {
    return openFolder(this.dir);
  }

  start(): void {
    this.child = spawn(process.execPath, [COMMAND, "node", "--dir", this.dir], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LANG: "C" },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.said += chunk.toString();
      });
    }
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.child;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  async members(): Promise<Members | undefined> {
    try {
      const response = await fetch(`${this.url}/members`, { signal: AbortSignal.timeout(10_000) });
      return (await response.json()) as Members;
    } catch {
      return undefined;
    }
  }

  async until(what: string, holds: (members: Members) => boolean): Promise<Members> {
    const end = Date.now() + PATIENCE_MS;
    for (let last: Members | undefined; ; await sleep(50)) {
      last = await this.members();
      if (last !== undefined && holds(last)) return last;
      const { child } = this;
      const gone = child === undefined || child.exitCode !== null || child.signalCode !== null;
      if (gone || Date.now() > end) throw new Error(`${this.name}: not ${what}: ${JSON.stringify(last)}\n${this.said}`);
    }
  }

  /** A batch of `events` invented events of a source of their own, signed with the organisation's key. */
  batch(events = 3): SignedTransaction {
    const { layout, config } = this.folder;
    const signer = signerFromSeed(primitives, "INTL-1", fromHex(readFileSync(layout.orgKey, "utf8").trim()));
    const source = sourceId(`s${process.pid}-${this.#nonce++}`);
    const leaves = Array.from({ length: events }, (_, i) => eventOf(source, i + 1));
    const body = encodeBatchBody({
      ...{ source, incarnation: new Uint8Array(8), from: { lsn: 0n, ordinal: 0 }, to: { lsn: 9n, ordinal: events } },
      ...{ count: events, root: treeHash(primitives, leafHashes(primitives, leaves)) },
    });
    const nonce = Date.now() * 1000 + this.#nonce;
    const frame = { chain: config.chain, kind: BATCH_KIND, nonce, expires: FAR_EXPIRY, body };
    return signTransaction(primitives, frame, [signer], leaves);
  }

  /** Through this organisation's own node. */
  async submit(transaction = this.batch()): Promise<void> {
    const token = this.folder.config.gateway.entriesToken;
    await submitOnce({ url: this.url, token }, transaction, AbortSignal.timeout(PATIENCE_MS));
  }
}

export class Consortium {
  readonly dir: string;
  readonly all: readonly Organisation[];
  /** In front of the orderer, one per follower, in their order. */
  readonly proxies: readonly Proxy[];

  private constructor(dir: string, all: readonly Organisation[], proxies: readonly Proxy[]) {
    this.dir = dir;
    this.all = all;
    this.proxies = proxies;
  }

  get orderer(): Organisation {
    return this.at(0);
  }

  at(index: number): Organisation {
    const found = this.all[index];
    if (found === undefined) throw new RangeError("no such organisation");
    return found;
  }

  static async found(count: number): Promise<Consortium> {
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-consortium-"));
    const ports = await freePorts(count);
    const all = NAMES.slice(0, count).map((name, i) => new Organisation(name, join(dir, name), ports[i] ?? 0));
    for (const [i, { name, dir: folder }] of all.entries()) {
      prepareFolder({
        dir: folder,
        organisation: `Hospital ${name}`,
        id: name,
        chain: "alliance",
        port: ports[i] ?? 0,
      });
    }
    const file = join(dir, "genesis.json");
    const read = () => readFileSync(file, "utf8");
    const [first, ...others] = all;
    if (first === undefined) throw new RangeError("at least one organisation");
    proposeGenesis(
      first.dir,
      others.map((each) => readFileSync(join(each.dir, "organisation.json"), "utf8")),
      file,
    );
    for (const each of others) signGenesisFile(each.dir, read(), file);
    for (const each of all) await adoptGenesis(each.dir, read());
    const proxies = await Promise.all(others.map(() => Proxy.start(first.url)));
    const token = first.folder.config.gateway.entriesToken;
    for (const [i, each] of others.entries()) {
      const url = proxies[i]?.through(first.url) ?? "";
      appendFileSync(join(each.dir, "anamnesis.toml"), `\n[orderer]\nurl = "${url}"\ntoken = "${token}"\n`);
    }
    const lines = others.map((each) => `${each.name} = "${each.url}"`);
    appendFileSync(join(first.dir, "anamnesis.toml"), `\n[members]\n${lines.join("\n")}\n`);
    return new Consortium(dir, all, proxies);
  }

  async startAll(): Promise<void> {
    for (const each of this.all) each.start();
    for (const each of this.all) await each.until("up", () => true);
  }

  /** Everybody has as many leaves as the orderer, and more than two thirds have sealed them. */
  async settled(): Promise<number> {
    const { size } = await this.orderer.until("up", () => true);
    for (const each of this.all) await each.until(`at ${size}`, (m) => m.size >= size);
    await this.orderer.until(`sealed at ${size}`, (m) => (m.seals?.sealedSize ?? 0) >= size);
    return size;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.all.map((each) => each.end("SIGKILL")));
    await Promise.all(this.proxies.map((each) => each.close()));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function eventOf(source: ReturnType<typeof sourceId>, ordinal: number): Uint8Array {
  return encodeEvent({
    ...{ kind: "update", source, table: new Uint8Array(8).fill(1), row: new Uint8Array(16).fill(ordinal) },
    ...{ schema: new Uint8Array(8).fill(2), commitment: new Uint8Array(32).fill(3), lsn: 9n, ordinal },
    ...{ xid: 1n, time: 1_700_000_000_000_000, actor: null, purpose: null },
  });
}

/** Held all at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((s) => new Promise<void>((resolve) => s.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((s) => {
    const address = s.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return ports;
}
