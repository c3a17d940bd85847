/** A network between capture and a database that can be cut, forgotten, slowed down and broken in the middle of a message. */
import { createServer, connect as dial, type Server, type Socket } from "node:net";

export type Network =
  | "up"
  /** Nobody gets through, and everybody is told. */
  | "cut"
  /** Bytes vanish; nobody is told. */
  | "silent"
  /** A few bytes at a time. */
  | "slow";

const SLOW_BYTES = 1_024;
const SLOW_MS = 2;

interface Pair {
  readonly inner: Socket;
  readonly outer: Socket;
  forgotten: boolean;
}

export class Proxy {
  network: Network = "up";
  /** Connections that were made. */
  accepted = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #to: { readonly host: string; readonly port: number };
  #breakAfter = Number.POSITIVE_INFINITY;

  private constructor(to: { readonly host: string; readonly port: number }) {
    this.#to = to;
    this.#server = createServer((outer) => this.#accept(outer));
  }

  /** In front of the database at `url`. */
  static async start(url: string): Promise<Proxy> {
    const { hostname, port } = new URL(url);
    const proxy = new Proxy({ host: hostname, port: Number(port) });
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The same address through the proxy. */
  through(url: string): string {
    const address = this.#server.address();
    const changed = new URL(url);
    if (typeof address === "object" && address !== null) changed.port = String(address.port);
    return changed.href;
  }

  /** Ends every connection, for both sides. */
  cut(): void {
    this.network = "cut";
    for (const pair of this.#pairs) destroy(pair);
  }

  /** Connections as they are now carry nothing any more, and neither side is told. New ones are as `network` says. */
  forget(): void {
    for (const pair of this.#pairs) pair.forgotten = true;
  }

  /** Resets the connection that carries the byte so many bytes from now, in the middle of whatever it is. */
  breakAfter(bytes: number): void {
    this.#breakAfter = bytes;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(outer: Socket): void {
    this.accepted++;
    if (this.network === "cut") return void outer.resetAndDestroy();
    const pair: Pair = { outer, inner: dial(this.#to), forgotten: false };
    this.#pairs.add(pair);
    for (const socket of [pair.inner, pair.outer]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        if (this.#isDead(pair)) return;
        destroy(pair);
        this.#pairs.delete(pair);
      });
    }
    void this.#carry(pair, pair.inner, pair.outer, true);
    void this.#carry(pair, pair.outer, pair.inner, false);
  }

  #isDead(pair: Pair): boolean {
    return pair.forgotten || this.network === "silent";
  }

  async #carry(pair: Pair, from: Socket, to: Socket, counts: boolean): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (counts) this.#breakAfter -= chunk.length;
        if (this.#breakAfter <= 0) return this.#break(pair, to, chunk);
        await this.#pass(pair, to, chunk);
      }
    } catch {
      // Whoever closed has said so already.
    }
  }

  async #pass(pair: Pair, to: Socket, chunk: Buffer): Promise<void> {
    const step = this.network === "slow" ? SLOW_BYTES : chunk.length;
    for (let at = 0; at < chunk.length; at += step) {
      if (this.#isDead(pair) || to.destroyed) return;
      if (!to.write(chunk.subarray(at, at + step)))
        await new Promise((resolve) => to.once("drain", resolve).once("close", resolve));
      if (this.network === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    }
  }

  #break(pair: Pair, to: Socket, chunk: Buffer): void {
    this.#breakAfter = Number.POSITIVE_INFINITY;
    to.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => {
      pair.outer.resetAndDestroy();
      pair.inner.resetAndDestroy();
    });
  }
}

function destroy({ inner, outer }: Pair): void {
  inner.destroy();
  outer.destroy();
}
