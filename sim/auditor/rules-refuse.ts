/** `ledger.refuse` (spec/encoding.md): a transaction that would be refused here is, and its key's nonce passes it. */
import { readCbor } from "./cbor.ts";
import { bytes, type Command, list, readCommand, readSignature, signatureFits } from "./formats.ts";
import type { Model, Rules, Seen } from "./model.ts";

/** Codes of rules that need no state: what breaks one was never admitted, so there is nothing to refuse. */
const STATELESS = /^(?:events\/malformed-batch|incentive\/malformed-seal|registry\/malformed|ledger\/unknown-kind)$/;

export class RefuseRules implements Rules {
  readonly kinds = ["ledger.refuse"];
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  leaves(): number {
    return 0;
  }

  broken({ command }: Seen, _signers: readonly string[], time: bigint): ReadonlySet<string> {
    const inner = readInner(command);
    if (inner === undefined || inner.chain !== command.chain) return new Set(["ledger/malformed"]);
    const reasons = this.#model.broken({ command: inner, attachments: [] }, time);
    const codes = new Set([...reasons].filter((code) => STATELESS.test(code)));
    const late = reasons.has("ledger/expired") || reasons.has("ledger/nonce-repeated");
    if (reasons.size === 0 || late || !this.#isSigned(inner)) codes.add("ledger/not-refused");
    return codes;
  }

  apply({ command }: Seen): void {
    const inner = readInner(command);
    if (inner !== undefined) this.#model.pass(inner);
  }

  /** By the key that acts, whatever became of it since. */
  #isSigned(inner: Command): boolean {
    const [first] = inner.signatures;
    const key = first === undefined ? undefined : this.#model.keys.get(first.keyId);
    return first !== undefined && key?.suite === first.suite && signatureFits(inner, first, key.publicKey);
  }
}

function readInner({ body }: Command): Command | undefined {
  try {
    const [transaction, signatures, attachments] = list(readCbor(bytes(body)), 3);
    const inner = readCommand(bytes(transaction), list(signatures).map(readSignature));
    return inner.kind === "ledger.refuse" || list(attachments).length > 0 ? undefined : inner;
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}
