export { DEFAULT_LIMITS, type EngineLimits } from "./limits.ts";
export {
  type CreateOptions,
  createLedger,
  FILES,
  type LedgerReader,
  type OpenOptions,
  openEmbedded,
  openReader,
} from "./open.ts";
export { type VerifyLedgerOptions, verifyLedger } from "./verify.ts";
