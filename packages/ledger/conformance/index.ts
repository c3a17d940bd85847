export * from "./contract.ts";
export * from "./engine.ts";
export * from "./fixture.ts";
export * from "./replay.ts";
