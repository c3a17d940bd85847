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
export { serveEngine } from "./thread/serve.ts";
export { openInThread } from "./thread/start.ts";
export { type VerifyLedgerOptions, verifyLedger } from "./verify.ts";
