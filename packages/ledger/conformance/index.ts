export * from "./contract.ts";
export * from "./engine.ts";
export * from "./fixture.ts";
export * from "./founding.ts";
export * from "./memory-witness-store.ts";
export * from "./replay.ts";
export * from "./test-log.ts";
export * from "./witness.ts";
