/** The engine's side: a thread of its own that orders and writes, so that whoever submits does not stand still meanwhile. */
import type { MessagePort } from "node:worker_threads";
import type { Engine } from "@anamnesis/ledger";
import { type Answer, type Reply, type Request, toWire, unpack } from "./wire.ts";

/** Opens an engine and answers what comes through the port, until it is asked to close. Never throws. */
export async function serveEngine(port: MessagePort, open: () => Promise<Engine>): Promise<void> {
  const tell = (reply: Reply) => port.postMessage(reply);
  try {
    const engine = await open();
    engine.subscribe((block) => tell({ tell: "block", block }), new AbortController().signal);
    port.on("message", (request: Request) => void answer(engine, request).then(tell));
    tell({ tell: "open" });
  } catch (error) {
    tell({ tell: "refused", error: toWire(error) });
  }
}

async function answer(engine: Engine, request: Request): Promise<Reply> {
  const { n } = request;
  try {
    return { tell: "answer", n, value: await valueOf(engine, request) };
  } catch (error) {
    return { tell: "error", n, error: toWire(error) };
  }
}

async function valueOf(engine: Engine, request: Request): Promise<Answer> {
  switch (request.ask) {
    case "submit":
      return engine.submit(unpack(request.transaction));
    case "receipt":
      return engine.receipt(request.id);
    case "health":
      return engine.health();
    case "close":
      await engine.close();
      return undefined;
  }
}
