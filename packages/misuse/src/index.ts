/** Rules that look for misuse among accesses. */
export const RULES: readonly string[] = [];
