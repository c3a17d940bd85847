/** Witnesses: the core of one, the log's side of it, and how verifiers and monitors use what they say. */
export * from "./client.ts";
export * from "./demanded.ts";
export * from "./relation.ts";
export * from "./request.ts";
export * from "./store.ts";
export * from "./tile-proof.ts";
export * from "./witness.ts";
