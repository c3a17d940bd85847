/** The outside world as arguments: what pure code may ask for, and nothing more. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export interface Clock {
  now(): number;
}

/** Cryptographically strong bytes. */
export interface Random {
  bytes(length: number): Uint8Array;
}
