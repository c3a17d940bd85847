export * from "./checkpoint.ts";
export * from "./contract.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./execute.ts";
export * from "./genesis.ts";
export * from "./leaf.ts";
export * from "./log-key.ts";
export * from "./merkle.ts";
export * from "./note.ts";
export * from "./proof-file.ts";
export * from "./state-tree.ts";
export * from "./tiles.ts";
// tlog-reader
export * from "./transaction.ts";
export * from "./verify-log.ts";
