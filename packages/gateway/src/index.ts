export type { GatewayErrorCode } from "./errors.ts";
export { type Exported, type ExportOptions, exportLog } from "./export-log.ts";
export { type FetchedLog, fileFetcher } from "./file-fetcher.ts";
export { type HttpFetcherOptions, httpFetcher } from "./http-fetcher.ts";
export type { LogServer } from "./http-server.ts";
export { type ServeOptions, serveLog } from "./serve.ts";
export { httpWitness } from "./witness-client.ts";
export { serveWitness, type WitnessServerOptions } from "./witness-server.ts";
