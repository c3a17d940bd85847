/**
 * The user's side of an engine in a thread: what orders goes through the port, what only reads uses a reader of its own on
 * the same store, which checks everything as ever and waits for nobody.
 */
import type { MessagePort, Worker } from "node:worker_threads";
import {
  type AttachingEngine,
  type FinalBlock,
  type Health,
  ledgerError,
  type PackedAttachments,
  type Receipt,
  type SignedTransaction,
} from "@anamnesis/ledger";
import { type LedgerReader, openReader, type ReadOptions } from "../open.ts";
import { type Answer, type Bare, bufferOf, fromWire, pack, type Reply, type Request } from "./wire.ts";

type Port = Pick<MessagePort | Worker, "postMessage" | "on">;
type Sign = (root: Uint8Array) => SignedTransaction | Promise<SignedTransaction>;
type Unnumbered = Request extends infer R ? (R extends Request ? Omit<R, "n"> : never) : never;

interface Waiting {
  /** Of a transaction that is signed once the root over its attachments is known. */
  readonly sign: Sign | undefined;
  readonly resolve: (value: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The engine behind `port`, once it is open. `release` ends the thread after the engine was closed.
 * @throws AnamnesisError what opening it throws
 */
export async function remoteEngine(
  port: Port,
  options: ReadOptions,
  release: () => Promise<unknown>,
): Promise<AttachingEngine> {
  const calls = new Calls(port);
  try {
    await calls.open;
    return new RemoteEngine(calls, await openReader(options), release);
  } catch (error) {
    await release();
    throw error;
  }
}

/** Questions on their way, by number. */
class Calls {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  readonly open: Promise<void>;
  onBlock: (block: FinalBlock) => void = () => undefined;
  #next = 0;
  #gone: Error | undefined;

  constructor(port: Port) {
    this.#port = port;
    this.open = new Promise((resolve, reject) => {
      port.on("message", (reply: Reply) => {
        if (reply.tell === "open") resolve();
        else if (reply.tell === "refused") reject(fromWire(reply.error));
        else this.#take(reply);
      });
      const gone = (cause?: unknown) => {
        this.#fail(ledgerError("ledger/closed", "the engine's thread has ended: start again", {}, { cause }));
        reject(this.#gone ?? new Error("gone"));
      };
      port.on("error", gone);
      port.on("exit", () => gone());
      port.on("close", () => gone());
    });
  }

  ask(request: Unnumbered, transfer: readonly ArrayBuffer[] = [], sign?: Sign): Promise<Answer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const n = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(n, { resolve, reject, sign });
      this.#port.postMessage({ ...request, n }, transfer);
    });
  }

  #take(reply: Extract<Reply, { tell: "answer" | "error" | "block" | "root" }>): void {
    if (reply.tell === "block") return this.onBlock(reply.block);
    const waiting = this.#waiting.get(reply.n);
    if (reply.tell === "root") return void this.#sign(reply.n, reply.root, waiting);
    this.#waiting.delete(reply.n);
    if (reply.tell === "answer") waiting?.resolve(reply.value);
    else waiting?.reject(fromWire(reply.error));
  }

  /** Whoever cannot sign hears of it at once; the thread forgets the attachments. */
  async #sign(n: number, root: Uint8Array, waiting: Waiting | undefined): Promise<void> {
    const say = (transaction: Bare | null) => this.#port.postMessage({ n, ask: "signed", transaction });
    try {
      const signed = waiting?.sign?.(root);
      // Not awaited where it need not be: transactions leave in the order in which their roots came.
      const { attachments: _, ...bare } = signed instanceof Promise ? await signed : (signed as SignedTransaction);
      say(bare);
    } catch (error) {
      this.#waiting.delete(n);
      say(null);
      waiting?.reject(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}

class RemoteEngine implements AttachingEngine {
  readonly #calls: Calls;
  readonly #reader: LedgerReader;
  readonly #release: () => Promise<unknown>;
  readonly #listeners = new Set<(block: FinalBlock) => void>();
  #closing: Promise<void> | undefined;

  constructor(calls: Calls, reader: LedgerReader, release: () => Promise<unknown>) {
    this.#calls = calls;
    this.#reader = reader;
    this.#release = release;
    calls.onBlock = (block) => {
      for (const listener of this.#listeners) this.#call(listener, block);
    };
  }

  get genesis() {
    return this.#reader.genesis;
  }

  submit(transaction: SignedTransaction): Promise<Receipt> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    const packed = pack(transaction);
    // Not awaited here, lest the transaction be kept meanwhile.
    return this.#calls.ask({ ask: "submit", transaction: packed }, bufferOf(packed.packed)) as Promise<Receipt>;
  }

  submitAttached({ bytes, ends }: PackedAttachments, sign: Sign): Promise<Receipt> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    const packed = { bytes: bytes.slice(), ends: ends.slice() };
    return this.#calls.ask({ ask: "attach", packed }, bufferOf(packed), sign) as Promise<Receipt>;
  }

  async receipt(id: Uint8Array): Promise<Receipt | undefined> {
    this.#requireOpen();
    return (await this.#calls.ask({ ask: "receipt", id })) as Receipt | undefined;
  }

  async health(): Promise<Health> {
    if (this.#closing === undefined) return (await this.#calls.ask({ ask: "health" })) as Health;
    return { status: "failed", size: 0, sequence: 0, queued: 0 };
  }

  subscribe(listener: (block: FinalBlock) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const each = (block: FinalBlock) => listener(block);
    this.#listeners.add(each);
    signal.addEventListener("abort", () => this.#listeners.delete(each), { once: true });
  }

  async checkpoint() {
    return this.#reading.checkpoint();
  }

  leaves(from: number, to: number) {
    return this.#reading.leaves(from, to);
  }

  async inclusion(index: number, size: number) {
    return this.#reading.inclusion(index, size);
  }

  async consistency(older: number, newer: number) {
    return this.#reading.consistency(older, newer);
  }

  async tile(path: string) {
    return this.#reading.tile(path);
  }

  async read(key: string) {
    return this.#reading.read(key);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#calls.ask({ ask: "close" });
    } finally {
      this.#listeners.clear();
      await this.#reader.close();
      await this.#release();
    }
  }

  /** A listener must not throw: one that does is dropped, with a warning of the process. */
  #call(listener: (block: FinalBlock) => void, block: FinalBlock): void {
    try {
      listener(block);
    } catch (error) {
      this.#listeners.delete(listener);
      process.emitWarning(error instanceof Error ? error : "a listener threw", "AnamnesisListener");
    }
  }

  get #reading(): LedgerReader {
    this.#requireOpen();
    return this.#reader;
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed();
  }
}

const closed = () => ledgerError("ledger/closed", "the engine was stopped");
