import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { Fixture, TestClock, testContract } from "@anamnesis/ledger/conformance";

/** A folder with a running engine and a few hundred leaves in it. */
export async function runningLog(events = 700) {
  const fixture = new Fixture(native);
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-gateway-"));
  const { genesis, logSeed } = fixture;
  const options = { dir: join(dir, "ledger"), genesis, primitives: native, contract: testContract, logSigner: logSeed };
  await createLedger(options);
  const engine = await openEmbedded({ ...options, clock: new TestClock() });
  await engine.submit(fixture.command("test.emit", "a", { events }));
  const dispose = async () => {
    await engine.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, fixture, engine, dispose };
}

export type RunningLog = Awaited<ReturnType<typeof runningLog>>;
