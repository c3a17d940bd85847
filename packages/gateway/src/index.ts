export type { GatewayErrorCode } from "./errors.ts";
export { type Exported, type ExportOptions, exportLog } from "./export-log.ts";
export { type FetchedLog, fileFetcher } from "./file-fetcher.ts";
export { type HttpFetcherOptions, httpFetcher } from "./http-fetcher.ts";
export type { LogServer } from "./http-server.ts";
export { type ServeOptions, serveLog } from "./serve.ts";
