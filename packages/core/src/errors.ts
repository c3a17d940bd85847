/**
 * The one error type that crosses package borders. `code` comes from a closed union per package
 * (`"capture/slot-lost"`), so that callers can switch on it and the catalogue can hold a remedy for each.
 * `message` is plain English for logs; `details` are safe to print: never personal data, never secrets.
 */
export class AnamnesisError<C extends string = string> extends Error {
  readonly code: C;
  readonly details: Details;

  constructor(code: C, message: string, details: Details = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "AnamnesisError";
    this.code = code;
    this.details = details;
  }
}

export type Details = Readonly<Record<string, string | number | boolean>>;

export type CoreErrorCode =
  | "core/invariant" // a bug of ours: report it with the text
  | "core/bad-encoding" // bytes that are not the canonical DAG-CBOR expected at that place
  | "core/bad-identifier"; // a chain, organisation or source name outside its grammar

/** An assertion that stays on in production: a broken invariant stops the work instead of spoiling data. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AnamnesisError<CoreErrorCode>("core/invariant", `broken invariant: ${what}`);
}

/** Whether an error is one of ours. (`instanceof` alone would leave the code's type open.) */
export const isAnamnesisError = (error: unknown): error is AnamnesisError => error instanceof AnamnesisError;

/** The code of any error: ours, or `undefined` for foreign ones. */
export const codeOf = (error: unknown): string | undefined => (isAnamnesisError(error) ? error.code : undefined);
