export * from "./bytes.ts";
export { badEncoding, type Cbor, decode, encode } from "./cbor.ts";
export { AnamnesisError, type CoreErrorCode, codeOf, type Details, invariant, isAnamnesisError } from "./errors.ts";
export { type ChainId, chainId, type OrgId, orgId, type SourceId, slug, sourceId } from "./ids.ts";
export type { Clock, Random } from "./ports.ts";
export * from "./shape.ts";
