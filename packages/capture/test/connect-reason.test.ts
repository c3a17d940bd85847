import { createServer, type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectReason } from "../src/postgres/connect-reason.ts";
import { connect } from "../src/postgres/session.ts";

const coded = (code: string, message = "connect to secret.host as meier failed") =>
  Object.assign(new Error(message), { code });

describe("why no connection came about", () => {
  it.each([
    ["28P01", "password"],
    ["28000", "pg_hba.conf"],
    ["3D000", "no database of the name"],
    ["ENOTFOUND", "no host of the name"],
    ["ECONNREFUSED", "nothing listens"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "certificate"],
  ])("%s is told in words", (code, words) => {
    const told = connectReason(coded(code));
    expect(told).toEqual({ why: expect.stringContaining(words), reason: code });
    expect(told.why).not.toMatch(/secret|meier/);
  });

  it("tells a server that takes TLS only from a role that is not allowed", () => {
    const message = 'no pg_hba.conf entry for host "1.2.3.4", user "meier", database "x", no encryption';
    expect(connectReason(coded("28000", message)).why).toContain("sslmode=verify-full");
  });

  it("passes on nothing of what it does not know", () => {
    for (const cause of [new Error("meier"), coded("drop table meier"), "meier", null, { code: 7 }]) {
      expect(JSON.stringify(connectReason(cause))).not.toContain("meier");
    }
  });
});

describe("sslmode=require at a server without TLS", () => {
  it("is told in words, without a warning of the driver and without the password", async () => {
    const server = await answering("N");
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    onTestFinished(() => void process.off("warning", listen));
    const { port } = server.address() as { port: number };
    const url = `postgres://meier:geheim@127.0.0.1:${port}/x?sslmode=require`;
    const refused: unknown = await connect({ url }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "capture/cannot-connect", message: expect.stringContaining("no TLS") });
    expect(String(refused)).not.toMatch(/geheim|meier/);
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });
});

/** A server that answers every first message with one letter. */
function answering(letter: string): Promise<Server> {
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(letter));
  });
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
