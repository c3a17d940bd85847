/** Ledgers in temporary folders, and chance with a seed that the test prints. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import type { AttachingEngine } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture, TestClock } from "@anamnesis/ledger/conformance/fixture";
import { createLedger, type EngineLimits, openEmbedded, type VerifyLedgerOptions, verifyLedger } from "../src/index.ts";

export function temporaryFolder(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-embedded-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export class TestLedger {
  readonly fixture = new Fixture(native);
  readonly clock = new TestClock();

  options(dir: string) {
    const { genesis, logSeed } = this.fixture;
    return { dir, genesis, primitives: native, contract: testContract, logSigner: logSeed };
  }

  async create(dir: string): Promise<void> {
    await createLedger(this.options(dir));
  }

  open(dir: string, limits: Partial<EngineLimits> = {}): Promise<AttachingEngine> {
    return openEmbedded({ ...this.options(dir), clock: this.clock, limits });
  }

  verify(dir: string, more: Pick<VerifyLedgerOptions, "archive"> = {}) {
    return verifyLedger({ ...this.options(dir), ...more });
  }
}

/** Mulberry32: small, repeatable, good enough for choosing places. */
export function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A new seed per run, or the one to repeat. */
export function seedOf(name: string): number {
  const seed = Number(process.env["ANAMNESIS_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: ANAMNESIS_TEST_SEED=${seed}`);
  return seed;
}
