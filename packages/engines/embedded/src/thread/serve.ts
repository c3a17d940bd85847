/** The engine's side: a thread of its own that orders and writes, so that whoever submits does not stand still meanwhile. */
import type { MessagePort } from "node:worker_threads";
import {
  type AttachingEngine,
  type Engine,
  ledgerError,
  type PackedAttachments,
  type Receipt,
  type SignedTransaction,
} from "@anamnesis/ledger";
import { type Answer, type Bare, type Reply, type Request, toWire, unpack } from "./wire.ts";

type Tell = (reply: Reply) => void;

/** Opens an engine and answers what comes through the port, until it is asked to close. Never throws. */
export async function serveEngine(port: MessagePort, open: () => Promise<AttachingEngine>): Promise<void> {
  const tell: Tell = (reply) => port.postMessage(reply);
  try {
    const engine = await open();
    const attached = new Attached(engine, tell);
    engine.subscribe((block) => tell({ tell: "block", block }), new AbortController().signal);
    port.on("message", (request: Request) => {
      if (request.ask === "signed") attached.signed(request.n, request.transaction);
      else void answer(engine, attached, request).then(tell);
    });
    tell({ tell: "open" });
  } catch (error) {
    tell({ tell: "refused", error: toWire(error) });
  }
}

type Question = Exclude<Request, { ask: "signed" }>;

async function answer(engine: Engine, attached: Attached, request: Question): Promise<Reply> {
  const { n } = request;
  try {
    return { tell: "answer", n, value: await valueOf(engine, attached, request) };
  } catch (error) {
    return { tell: "error", n, error: toWire(error) };
  }
}

async function valueOf(engine: Engine, attached: Attached, request: Question): Promise<Answer> {
  switch (request.ask) {
    case "submit":
      return engine.submit(unpack(request.transaction));
    case "attach":
      return attached.submit(request.n, request.packed);
    case "receipt":
      return engine.receipt(request.id);
    case "health":
      return engine.health();
    case "close":
      await engine.close();
      return undefined;
  }
}

/** Attachments whose transaction is being signed on the other side, by the number of their request. */
class Attached {
  readonly #engine: AttachingEngine;
  readonly #tell: Tell;
  readonly #signing = new Map<number, (transaction: Bare | null) => void>();

  constructor(engine: AttachingEngine, tell: Tell) {
    this.#engine = engine;
    this.#tell = tell;
  }

  submit(n: number, packed: PackedAttachments): Promise<Receipt> {
    const sign = (root: Uint8Array) =>
      new Promise<SignedTransaction>((resolve, reject) => {
        this.#signing.set(n, (transaction) => {
          if (transaction !== null) resolve({ ...transaction, attachments: [] });
          else reject(ledgerError("ledger/malformed", "the transaction was not signed"));
        });
        this.#tell({ tell: "root", n, root });
      });
    return this.#engine.submitAttached(packed, sign);
  }

  signed(n: number, transaction: Bare | null): void {
    const settle = this.#signing.get(n);
    this.#signing.delete(n);
    settle?.(transaction);
  }
}
