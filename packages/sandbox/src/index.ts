export { type SandboxErrorCode } from "./errors.ts";
export { type FillOptions, type FillResult, fillHospital, hospitalSchema } from "./hospital/fill.ts";
export type { Identity } from "./postgres/identity.ts";
export type { Postgres } from "./postgres/server.ts";
export { type StartOptions, startPostgres } from "./postgres/start.ts";
export type { WardWrite } from "./ward/transaction.ts";
export { startWard, type Ward, type WardFigures, type WardOptions } from "./ward/ward.ts";
