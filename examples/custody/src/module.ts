/**
 * A contract module for another kind of record: who holds which laboratory sample. Commands, state and refusals are all here;
 * no package knows of it. Put together with the others by `contractOf([...MODULES, custody])`.
 */
import type { Module } from "@anamnesis/contracts";
import { AnamnesisError, type Cbor, toHex } from "@anamnesis/core";
import type { Context, Refusal, SignedTransaction } from "@anamnesis/ledger";
import { type CustodyCommand, type CustodyKind, parseCommand } from "./commands.ts";
import { encodeSample, readSample, type Sample, samplePath } from "./state.ts";

/** Why the module refuses. The comment tells the submitter what to do. */
export type CustodyErrorCode =
  | "custody/malformed" // the command does not fit the format: a bug of the submitter
  | "custody/known-sample" // that sample is registered already: look it up
  | "custody/unknown-sample" // register it first
  | "custody/not-the-holder" // only who holds a sample may do this: ask the holder
  | "custody/other-side-missing" // a hand-over is signed by both: ask the receiver to sign as well
  | "custody/closed"; // the sample was used up, destroyed or returned

const command = (kind: CustodyKind) => ({
  check: (tx: SignedTransaction) => asRefusal(read(kind, tx.transaction.body)),
  handle(context: Context, tx: SignedTransaction): Refusal | null {
    const parsed = read(kind, tx.transaction.body);
    return "code" in parsed ? parsed : execute(context, parsed);
  },
});

export const custody: Module = {
  name: "custody",
  commands: {
    "custody.register": command("register"),
    "custody.transfer": command("transfer"),
    "custody.split": command("split"),
    "custody.close": command("close"),
  },
};

function execute(context: Context, parsed: CustodyCommand): Refusal | null {
  const [by = ""] = context.signers;
  if (parsed.kind === "register") {
    return create(context, parsed.sample, { holder: by, material: parsed.material, parent: null });
  }
  const sample = readSample(context, parsed.sample);
  if (sample === undefined) return refuse("custody/unknown-sample", "no sample of that handle is registered");
  if (sample.outcome !== null) return refuse("custody/closed", `the sample was ${sample.outcome}`);
  if (sample.holder !== by) return refuse("custody/not-the-holder", `${sample.holder} holds the sample`);
  switch (parsed.kind) {
    case "transfer":
      if (!context.signers.includes(parsed.to)) {
        return refuse("custody/other-side-missing", `${parsed.to} has to sign that it takes the sample`);
      }
      return write(context, parsed.sample, { ...sample, holder: parsed.to, moves: sample.moves + 1 });
    case "split":
      return split(context, parsed.sample, sample, parsed.parts);
    case "close":
      return write(context, parsed.sample, { ...sample, outcome: parsed.outcome });
  }
}

function split(context: Context, handle: Uint8Array, sample: Sample, parts: readonly Uint8Array[]): Refusal | null {
  for (const part of parts) {
    const { holder, material } = sample;
    const refusal = create(context, part, { holder, material, parent: handle });
    if (refusal !== null) return refusal;
  }
  return write(context, handle, { ...sample, outcome: "split" });
}

function create(
  context: Context,
  handle: Uint8Array,
  fresh: Pick<Sample, "holder" | "material" | "parent">,
): Refusal | null {
  if (readSample(context, handle) !== undefined) {
    return refuse("custody/known-sample", `sample ${toHex(handle)} is registered already`);
  }
  return write(context, handle, { ...fresh, outcome: null, moves: 0, since: 0 });
}

function write(context: Context, handle: Uint8Array, sample: Sample): null {
  context.put(samplePath(handle), encodeSample({ ...sample, since: context.time }));
  return null;
}

function read(kind: CustodyKind, body: Cbor): CustodyCommand | Refusal {
  try {
    return parseCommand(kind, body);
  } catch (error) {
    if (error instanceof AnamnesisError) return refuse("custody/malformed", error.message);
    throw error;
  }
}

const asRefusal = (parsed: CustodyCommand | Refusal): Refusal | null => ("code" in parsed ? parsed : null);
const refuse = (code: CustodyErrorCode, message: string): Refusal => ({ code, message });

/** For whoever writes transactions: the name and the body of a command. */
export function bodyOf(parsed: CustodyCommand): { readonly kind: string; readonly body: Cbor } {
  const kind = `custody.${parsed.kind}`;
  switch (parsed.kind) {
    case "register":
      return { kind, body: [parsed.sample, parsed.material] };
    case "transfer":
      return { kind, body: [parsed.sample, parsed.to] };
    case "split":
      return { kind, body: [parsed.sample, parsed.parts] };
    case "close":
      return { kind, body: [parsed.sample, parsed.outcome] };
  }
}
