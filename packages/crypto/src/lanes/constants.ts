/** The constants of SHA-256 (FIPS 180-4 §4.2.2, §5.3.3): fractional parts of roots of the first primes, computed exactly. */

const PRIMES = primes(64);

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
export const ROUNDS: readonly number[] = PRIMES.map((p) => fraction(p, 3n));
/** The same of the square roots of the first 8. */
export const INITIAL: readonly number[] = PRIMES.slice(0, 8).map((p) => fraction(p, 2n));

/** floor(p^(1/n) · 2^32) modulo 2^32, by bisection over integers. */
function fraction(prime: number, n: bigint): number {
  const target = BigInt(prime) << (32n * n);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** n <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}
