export * from "./bytes.ts";
export { type Cbor, badEncoding, decode, encode } from "./cbor.ts";
export { AnamnesisError, type CoreErrorCode, type Details, codeOf, invariant } from "./errors.ts";
export { type ChainId, type OrgId, type SourceId, chainId, orgId, slug, sourceId } from "./ids.ts";
export type { Clock, Random } from "./ports.ts";
export * from "./shape.ts";
