/** `--witness`, `--least`, `--fresh`: which cosignatures a reader of a log demands. */
import { type Demand, type NoteVerifier, parseVerifierKey } from "@anamnesis/ledger";
import { primitives, type WitnessedReport } from "@anamnesis/node";
import { cliError } from "./errors.ts";
import type { Session } from "./output/session.ts";
import { isoTime } from "./output/time.ts";

export interface WitnessOptions {
  /** Verifier keys. */
  readonly witness?: readonly string[];
  readonly least?: number;
  /** Seconds. */
  readonly fresh?: number;
}

/** `undefined` when nothing is demanded. @throws AnamnesisError `cli/usage`, `ledger/malformed`, `ledger/unknown-suite` */
export function witnessDemand({ witness = [], least, fresh }: WitnessOptions, nowMs: number): Demand | undefined {
  const witnesses = witness.map(cosignerKey);
  if (witnesses.length === 0) {
    if (least === undefined && fresh === undefined) return undefined;
    throw cliError("cli/usage", "--least and --fresh need at least one --witness");
  }
  if (least !== undefined && least > witnesses.length)
    throw cliError("cli/usage", "--least demands more witnesses than were named with --witness");
  const notBefore = fresh === undefined ? {} : { notBefore: Math.floor(nowMs / 1000) - fresh };
  return { witnesses, least: least ?? witnesses.length, ...notBefore };
}

function cosignerKey(text: string): NoteVerifier {
  const verifier = parseVerifierKey(primitives, text);
  if (verifier.type === "cosignature/v1") return verifier;
  throw cliError("cli/usage", "--witness takes the verifier key of a witness, as `anamnesis witness key` prints it");
}

const MICROS = 1_000_000;

export function showWitnessed({ size, by, missing }: WitnessedReport, session: Session): void {
  const { witness } = session.texts;
  const { dim } = session.style;
  if (size !== null)
    session.print(
      dim(
        witness.witnessed(
          size,
          by.map((b) => `${b.name} ${isoTime(b.time * MICROS)}`),
        ),
      ),
    );
  if (missing.length > 0) session.print(dim(witness.missing(missing)));
}
