/** A node with its HTTP server: the composition that `node` and `start` share. */
import { type LogServer, serveLog } from "@anamnesis/gateway";
import type { Cosigned } from "@anamnesis/ledger";
import { announce, type NodeOptions, primitives, type RunningNode, startNode, withdraw } from "@anamnesis/node";
import { consortiumOf } from "./consortium.ts";
import { httpPeers } from "./peers.ts";
import { witnessingOf } from "./witnessing.ts";

export interface ServiceOptions extends NodeOptions {
  /** 0 = any free one. */
  readonly port: number;
  /** Told when what a witness of this log does changes. */
  readonly onWitness?: (name: string, outcome: Cosigned) => void;
}

export interface Service {
  readonly node: RunningNode;
  readonly url: string;
  /** At most 5 s. Idempotent. */
  stop(): Promise<void>;
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const { folder, port } = options;
  const { host, entriesToken } = folder.config.gateway;
  const node = await startNode({ peers: httpPeers, ...options });
  const witnessing = witnessingOf(node, options.onWitness);
  let server: LogServer;
  try {
    const { engine } = node;
    const push = (source: string) => node.sources.get(source)?.door;
    server = await serveLog({
      reader: engine,
      primitives,
      port,
      host,
      entriesToken,
      push,
      witnessed: () => witnessing?.newest(),
      health: () => engine.health(),
      witness: node.member.witness,
      ...consortiumOf(node, entriesToken),
    });
  } catch (error) {
    await witnessing?.stop();
    await node.stop();
    throw error;
  }
  announce(folder, { pid: process.pid, url: server.url, since: Date.now() });
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    withdraw(folder);
    await server.stop();
    await witnessing?.stop();
    await node.stop();
  };
  return { node, url: server.url, stop: () => (stopping ??= stop()) };
}
